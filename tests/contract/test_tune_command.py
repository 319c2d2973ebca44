"""`aisle tune` without a node: from saved runs to a fusion file, and all that can be wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aisle.evaluation import JudgedSet, write_qrels, write_queries
from aisle.search.tuning.runs import write_leg_runs
from tests.support.command import NOWHERE, failure, here, listing
from tests.support.leg_runs import always, judged_set, leg_runs

Patch = pytest.MonkeyPatch
Capture = pytest.CaptureFixture[str]
JUDGED = judged_set(40)


def write_data(folder: Path, judged: JudgedSet) -> None:
    (folder / "qrels").mkdir(parents=True)
    write_queries(judged.queries, folder / "queries.jsonl")
    write_qrels(judged.qrels, folder / "qrels" / "dev.tsv")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: Patch) -> Path:
    """Judgments in ``toys``, other ones in ``others``, saved runs in ``runs``."""
    write_data(tmp_path / "toys", JUDGED)
    write_data(tmp_path / "others", judged_set(40, seed=9))
    write_leg_runs(leg_runs(JUDGED, {"bm25": always(0.3), "noise": always(0.0)}), tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_saved_runs_are_tuned_on_without_a_node(shop: Path, monkeypatch: Patch, capfd: Capture) -> None:
    command = ("tune", "run", "toys", "--runs", "runs", "--folds", "3")
    done = here(monkeypatch, capfd, *command, "--offline", "--json", AISLE_URL=NOWHERE)
    assert done.code == 0, done.err
    said = json.loads(done.out)
    assert said == json.loads((shop / "runs" / "fusion.json").read_text())
    assert said["spec"]["legs"] == ["bm25"]
    assert {leg["leg"]: leg["kept"] for leg in said["legs"]} == {"bm25": True, "noise": False}
    # Runs that are there are read, also if an index is named.
    named = here(monkeypatch, capfd, *command, "--name", "shop", "--out", "a/b.json", AISLE_URL=NOWHERE)
    assert named.code == 0, named.err
    assert json.loads((shop / "a" / "b.json").read_text()) == said
    assert "noise: not asked" in named.out
    assert "winner: bm25 alone" in named.out
    assert "aisle tune apply a/b.json" in named.out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("run toys --runs elsewhere --offline", "elsewhere holds no runs"),
        ("run toys --runs elsewhere", "elsewhere holds no saved runs"),
        ("run toys --runs runs --ask-again", "asking again needs an index"),
        ("run toys --runs runs --ask-again --offline --name x", "asking again needs an index"),
        ("run others --runs runs", "others (dev) has other queries or judgments"),
        ("run toys --runs runs --split test", "no judgments for split 'test'"),
        ("run toys --runs runs --metric Judged@10", "cannot be tuned for 'Judged@10'"),
        ("run toys --runs runs --folds 1", "1 folds"),
        ("run toys --runs runs --folds 30", "cannot be split into 30 folds"),
        ("run toys --runs runs --guard-p 2", "a guard at p = 2.0"),
        ("run toys --runs runs --relevant 9", "no query has an item of grade 9"),
        ("run nowhere --runs runs", "no such folder: nowhere"),
        ("apply no.json --name x", "no such file: no.json"),
        ("apply runs/runs.json --name x", "is not whole"),
        ("run toys --runs toys --name x", "nothing answers"),
        ("show --name x", "nothing answers"),
    ],
)
def test_what_cannot_be_tuned_is_named_and_nothing_is_written(
    shop: Path, monkeypatch: Patch, capfd: Capture, command: str, said: str
) -> None:
    before = listing(shop)
    done = here(monkeypatch, capfd, "tune", *command.split(), AISLE_URL=NOWHERE, AISLE_HOME=str(shop / "h"))
    assert said in failure(done)
    assert done.out == ""
    assert listing(shop) == before


@pytest.mark.parametrize("command", ["tune run", "tune apply", "tune apply x.json", "tune show", "tune no"])
def test_usage_errors_end_with_2(shop: Path, monkeypatch: Patch, capfd: Capture, command: str) -> None:
    assert here(monkeypatch, capfd, *command.split(), AISLE_URL=NOWHERE).code == 2
