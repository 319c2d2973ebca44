"""An experiment's file, what a service refuses to run, and what came of searches and clicks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import aisle
from aisle.errors import InputError
from aisle.evaluation.experiments.design import Arm, Experiment, Kind, read_experiment
from aisle.evaluation.experiments.inference import p_value, rate, wins
from aisle.evaluation.experiments.outcome import OutcomeReader
from aisle.service.experiments.running import check_experiments, released
from tests.support.command import NOWHERE, here

FILE = """
name = "new-encoder"
catalogue = "shop"
kind = "split"

[control]
name = "live"

[[arms]]
name = "candidate"
percent = 10
release = "shop-v0008"

[[arms]]
name = "words"
percent = 5.5
system = "bm25"
rules = false
"""
SPLIT = Experiment.from_toml(FILE, "x")
MIXED = Experiment("mixed", "shop", Kind.INTERLEAVE, (Arm("candidate", 100, "shop-v0008"),))


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "experiment.toml"
    path.write_text(FILE)
    found = read_experiment(path)
    assert found == SPLIT and found.control.name == "live" and found.kind is Kind.SPLIT
    assert found.arm("words") == Arm("words", 5.5, "", "bm25", False) and found.arm("no") is None
    assert released([found, MIXED]) == ("shop-v0008",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "split"', 'kind = "ab"', "no kind 'ab'"),
        ('kind = "split"', 'kind = "interleave"', "has 2 arms, and a interleave has 1"),
        ('kind = "split"', "kind = 3", "kind is no text"),
        ('catalogue = "shop"', "", "lacks its catalogue"),
        ("percent = 10", "percent = 101", "has 101 percent"),
        ("percent = 10", "percent = 96", "more than 100 percent"),
        ("percent = 10", "percent = true", "has True percent"),
        ("percent = 10", "share = 10", "an arm has no 'share'"),
        ('name = "live"', 'name = "words"', "one name"),
        ('name = "live"', 'name = "Live!"', "no name of an arm"),
        ('name = "live"', "percent = 3", "control has a percent"),
        ('release = "shop-v0008"', "", "answer alike"),
        ('system = "bm25"', 'system = "bm25,dense"', "several systems"),
        ("rules = false", 'rules = "no"', "no yes or no"),
        ("[[arms]]", "[arms]", "no TOML"),
        ("[control]", "[[control]]", "control is no part"),
    ],
)
def test_what_means_nothing_is_refused_with_its_file(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "experiment.toml"
    path.write_text(FILE.replace(old, new))
    with pytest.raises(InputError, match=message) as refused:
        read_experiment(path)
    assert str(path) in refused.value.message and refused.value.fix


def test_what_a_service_cannot_run_is_refused() -> None:
    check_experiments([SPLIT], ["shop"], events=True)
    with pytest.raises(InputError, match="not served"):
        check_experiments([SPLIT], ["outlet"], events=True)
    with pytest.raises(InputError, match="nothing would tell"):
        check_experiments([SPLIT], ["shop"], events=False)
    with pytest.raises(InputError, match="on one catalogue"):
        check_experiments([SPLIT, MIXED], ["shop"], events=True)
    unknown = Experiment("x", "shop", Kind.SHADOW, (Arm("a", 100, system="hybird"),))
    with pytest.raises(InputError, match="no system 'hybird'"):
        check_experiments([unknown], ["shop"], events=False)
    # As where percent was forgotten.
    nobody = Experiment("x", "shop", Kind.SPLIT, (Arm("a", system="bm25"),))
    with pytest.raises(InputError, match="nobody takes part in x"):
        check_experiments([nobody], ["shop"], events=True)
    for release in ("outlet-v0001", "shop", "shop-sale-v0001"):
        other = Experiment("x", "shop", Kind.SPLIT, (Arm("a", 10, release),))
        with pytest.raises(InputError, match="no release of shop"):
            check_experiments([other], ["shop"], events=True)
    shadow = Experiment("x", "shop", Kind.SHADOW, (Arm("a", 100, system="bm25"),))
    check_experiments([shadow], ["shop"], events=False)
    with pytest.raises(InputError, match="a shadow"):
        aisle.report_experiment(shadow)


def test_the_command_refuses_them_before_it_asks_a_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "experiment.toml"
    path.write_text(FILE)
    for options, said in (
        (("--name", "outlet", "--events"), "which is not served"),
        (("--name", "shop"), "record events: add --events"),
        (("--name", "shop", "--events", "--experiment", str(path)), "on one catalogue"),
    ):
        asked = ("serve", "--port", "0", *options, "--experiment", str(path))
        done = here(monkeypatch, capfd, *asked, AISLE_URL=NOWHERE, AISLE_HOME=str(tmp_path))
        assert done.code == 1 and said in done.err


def query(identity: str, client: str, config: str, teams: Any = None, **more: Any) -> dict[str, Any]:
    attributes = {"experiment": more.pop("experiment", SPLIT.name), "search_config": config, "teams": teams}
    return {
        "query_id": identity,
        "client_id": client,
        "query_attributes": {**attributes, "matched": "words", **more},
        "query_response_hit_ids": ["a", "b"],
    }


def click(identity: str, item: str, ordinal: int | None) -> dict[str, Any]:
    attributes = {"object": {"object_id": item}, "position": {"ordinal": ordinal}}
    return {"query_id": identity, "action_name": "click", "event_attributes": attributes}


def test_a_split_is_counted_by_arm() -> None:
    reader = OutcomeReader(SPLIT)
    for number in range(100):
        arm = ("live", "candidate")[number % 2]
        reader.query(query(f"q{number}", f"c{number // 4 * 2 + number % 2}", arm))
        if number % 2 or number % 10 == 0:
            reader.event(click(f"q{number}", "b", 2))
    reader.query(query("other", "c", "live", experiment="another"))
    reader.query(query("second", "c", "live", page=2))
    found = reader.done(10)
    live, candidate, words = found.arms
    assert (found.searches, live.searches, live.shoppers, live.clicks) == (100, 50, 25, 10)
    assert live.ctr.value == 0.2 and live.p is None and live.position == 2.0
    assert candidate.ctr.value == 1.0 and candidate.p is not None and candidate.p < 1e-6
    assert (words.searches, words.ctr.value, words.p) == (0, 0.0, 1.0)
    # A click below k is none of CTR@k.
    assert reader.done(1).arms[1].ctr.value == 0.0


def test_clicks_of_an_interleaved_list_count_for_the_arm_that_drafted() -> None:
    reader = OutcomeReader(MIXED)
    for number in range(40):
        teams = ["control", "candidate"] if number % 2 else ["candidate", "control"]
        reader.query(query(f"q{number}", f"c{number}", "interleaved", teams, experiment="mixed"))
        won = number < 30
        reader.event(click(f"q{number}", "b" if (number % 2 == 1) == won else "a", None))
    reader.query(query("both", "c", "interleaved", ["control", "candidate"], experiment="mixed"))
    for item in "ab":
        reader.event(click("both", item, 1))
    # Without its teams a list says nothing.
    reader.query(query("lost", "c", "interleaved", ["control"], experiment="mixed"))
    reader.event(click("lost", "a", 1))
    found = reader.done(10).wins
    assert found is not None
    assert (found.arm, found.control, found.ties, found.shoppers) == (30, 10, 1, 40)
    assert found.share == 0.75 and found.low > 0.5 and found.p < 0.01


@pytest.mark.parametrize("kind", [SPLIT, MIXED])
def test_searches_of_nobody_known_do_not_count(kind: Experiment) -> None:
    """Sixty clicks of perhaps one shopper are not those of sixty."""
    reader = OutcomeReader(kind)
    arm = kind.arms[0].name
    for number in range(60):
        said = query(f"q{number}", "", arm, ["control", "candidate"], experiment=kind.name)
        reader.query(said | {"client_id": None, "session_id": None} if number % 2 else said)
        reader.event(click(f"q{number}", "b", 2))
    visit = query("s", "", arm, ["control", "candidate"], experiment=kind.name) | {"session_id": "visit"}
    reader.query(visit)
    reader.event(click("s", "b", 2))
    found = reader.done(10)
    assert (found.searches, found.nameless, found.to_json()["nameless"]) == (1, 60, 60)
    shoppers = found.wins.shoppers if found.wins else found.arms[1].shoppers
    assert shoppers == 1


def test_one_shopper_is_no_proof() -> None:
    assert wins([[1] * 500]).p == 1.0 and wins([[1] * 500]).share == 1.0
    assert wins([[1]] * 40).p < 1e-6
    assert p_value(rate([100], [100]), rate([0], [100])) == 1.0
    assert wins([]).p == wins([[0, 0]]).p == 1.0


def test_the_interval_of_a_rate_is_one_of_shares() -> None:
    most = rate([1, 1, 1, 1, 0, 0], [1] * 6)
    assert most.low < most.value == 4 / 6 < most.high == 1.0
    assert rate([0, 0, 0, 0, 1, 1], [1] * 6).low == 0.0
