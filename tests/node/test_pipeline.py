"""`aisle pipeline run` on the demo catalogue with a tiny model: from files to the live release, and again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

import aisle
from aisle._version import __version__
from aisle.cluster import Cluster
from aisle.encoder import ArtifactStore
from aisle.indexer.lease.lease import hold
from aisle.indexer.releases.inventory import read_inventory
from aisle.pipeline.work import WorkFolder
from aisle.search import read_live
from tests.support.command import Done, environment, failure, here, listing
from tests.support.indexing import count
from tests.support.nightly_shop import ENCODER, RANKER, NightlyShop, nightly_shop
from tests.support.tiny_reranker import tiny_reranker

pytestmark = pytest.mark.slow

Command = Callable[..., Done]
STEPS = ("prepare", "train-encoder", "export", "index", "evaluate", "gate", "promote", "record")
WITH_RANKER = ("prepare", "export", "index", "train-ranker", "bind", "evaluate", "gate", "promote")
GATE = '[gate]\npolicy = "gate.toml"\nsample = 20'
ROOT = Path(__file__).parents[2]


@pytest.fixture
def shop(tmp_path: Path, name: str) -> NightlyShop:
    made = nightly_shop(tmp_path / "shop", name)
    made.write(ENCODER, GATE, registry="records")
    return made


@pytest.fixture
def command(
    node_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    settings = {"AISLE_URL": node_url, "AISLE_HOME": str(tmp_path / "home")}
    return lambda *arguments: here(monkeypatch, capfd, "pipeline", *arguments, **settings)


def told(done: Done) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(done.out)
    return found


def states(report: dict[str, Any]) -> dict[str, str]:
    return {one["step"]: one["state"] for one in report["steps"]}


def ran(report: dict[str, Any]) -> tuple[str, ...]:
    return tuple(step for step, state in states(report).items() if state != "up to date")


def test_from_files_to_the_live_release_and_only_what_changed_again(
    shop: NightlyShop, client: Cluster, name: str, command: Command, tmp_path: Path
) -> None:
    file = str(shop.file)
    planned = command("run", file, "--dry-run", "--json")
    assert planned.code == 0 and set(states(told(planned)).values()) == {"would run"}
    assert not shop.work.exists()
    first = command("run", file, "--json")
    assert first.code == 0, first.err
    done = told(first)
    assert tuple(states(done)) == STEPS and set(states(done).values()) == {"done"}
    assert done["live"] == f"{name}-v0001" and count(client, name) == 1_000
    assert "step 2 of 8: train-encoder (it has not been finished yet)" in first.err
    made = {one["step"]: one["result"] for one in done["steps"]}
    meta = client.indices.get_mapping(index=name)[f"{name}-v0001"]["mappings"]["_meta"]["aisle"]
    assert made["train-encoder"]["fingerprint"] in str(meta)
    assert made["evaluate"]["live"] == "" and made["gate"]["passed"]
    (record,) = aisle.list_registry(str(shop.folder / "records")).releases
    assert record.manifest is not None and record.manifest.fingerprint == made["record"]["record"]

    again = told(command("run", file, "--json"))
    assert ran(again) == () and again["live"] == f"{name}-v0001"

    shop.add_product("new-1", "a lamp that nobody has seen")
    expected = told(command("run", file, "--dry-run", "--json"))
    assert states(expected) == dict(
        zip(STEPS, ("would run", "up to date", "up to date", *["depends"] * 5), strict=True)
    )
    assert expected["steps"][0]["why"] == "products.jsonl changed"
    changed = told(command("run", file, "--json"))
    assert ran(changed) == ("prepare", "index", "evaluate", "gate", "promote", "record")
    assert changed["steps"][3]["why"] == "catalogue changed"
    assert changed["live"] == f"{name}-v0002" and count(client, name) == 1_001
    assert changed["steps"][4]["result"]["live"] == f"{name}-v0001"

    # Its artifact was deleted: the finished training makes the very same again, and so nothing else is to do.
    store = ArtifactStore(tmp_path / "home" / "artifacts")
    (made_last, _), *_ = store.list()
    made_last.rename(tmp_path / "elsewhere")
    restored = told(command("run", file, "--json"))
    assert ran(restored) == ("train-encoder",) and "is gone" in restored["steps"][1]["why"]
    assert restored["steps"][1]["result"] == made["train-encoder"]
    # A table for people; other options decide something else, and a training of the same inputs is one.
    shop.write(ENCODER, "[index]\nkeep = 3", GATE)
    shown = command("run", file, "--dry-run")
    assert shown.code == 0 and "keep changed" in shown.out and "is live" not in shown.out
    assert len(list((shop.work / "training" / "encoder").iterdir())) == 1


def test_releases_that_are_no_way_back_any_more_are_deleted(
    shop: NightlyShop, client: Cluster, name: str, command: Command
) -> None:
    shop.write('[index]\nencoder = "none"\nkeep = 1', GATE)
    for night in range(1, 4):
        done = command("run", str(shop.file), "--json")
        assert done.code == 0, done.err
        live = told(done)["live"]
        assert live == f"{name}-v{night:04}"
        shop.add_product(f"new-{night}", f"a lamp of night {night}")
    rows = [(row.release, row.state) for row in aisle.list_releases(name, cluster=client)]
    assert rows == [(f"{name}-v0002", "kept"), (f"{name}-v0003", "live")]
    (promoted,) = [one for one in told(done)["steps"] if one["step"] == "promote"]
    assert promoted["result"]["deleted"] == [f"{name}-v0001"]


def test_a_gate_ends_it_and_nothing_live_changes(
    shop: NightlyShop, client: Cluster, name: str, command: Command
) -> None:
    file = str(shop.file)
    # Without judgments, so that the number of documents alone decides.
    shop.write('[index]\nencoder = "none"', GATE, judged="")
    assert command("run", file).code == 0
    rows = (shop.folder / "products.jsonl").read_bytes().splitlines(keepends=True)
    (shop.folder / "products.jsonl").write_bytes(b"".join(rows[:850]))
    shop.policy(shrink=0.1)
    stopped = command("run", file, "--json")
    report = told(stopped)
    assert stopped.code == 1 and "Traceback" not in stopped.err
    assert report["stopped"] == f"{name}-v0002 may not go live: documents"
    assert states(report)["gate"] == "stopped" and states(report)["promote"] == "not reached"
    assert report["live"] == "" and count(client, name) == 1_000
    assert "does not go live" in (shop.work / "gate.md").read_text()
    shown = command("run", file)
    assert (
        shown.code == 1 and f"{name}-v0002 may not go live: documents; what is live is as it was" in shown.out
    )
    # The shop means it: only what the policy decides is done again.
    shop.policy(shrink=0.5)
    passed = told(command("run", file, "--json"))
    assert ran(passed) == ("evaluate", "gate", "promote")
    assert passed["steps"][3]["why"] == "gate.toml changed"
    assert passed["live"] == f"{name}-v0002" and count(client, name) == 850
    # A policy that changes afterwards is for the next release.
    shop.policy(shrink=0.01)
    assert told(command("run", file, "--json"))["live"] == f"{name}-v0002"

    aisle.rollback(name, cluster=client)
    refused = failure(command("run", file))
    assert f"went back from {name}-v0002 to {name}-v0001" in refused and "that holds until" in refused
    assert "--again index" in refused and f"rollback {name} --to {name}-v0002" in refused
    assert count(client, name) == 1_000
    shop.policy(shrink=0.5)
    assert told(command("run", file, "--again", "index", "--json"))["live"] == f"{name}-v0003"
    assert "there is no step 'indexing'" in failure(command("run", file, "--again", "indexing"))


def test_a_rollback_holds_whatever_aisle_until_what_a_release_is_made_of_changes(
    shop: NightlyShop, client: Cluster, name: str, command: Command
) -> None:
    file, state = str(shop.file), shop.work / "steps.json"
    shop.write('[index]\nencoder = "none"', GATE)
    assert command("run", file).code == 0
    shop.add_product("new-1", "a lamp that nobody has seen")
    assert told(command("run", file, "--json"))["live"] == f"{name}-v0002"

    def finished_by_another_aisle() -> None:
        text = state.read_text()
        assert text.count(__version__) >= 5
        state.write_text(text.replace(__version__, "0.0.1"))

    # Another Aisle does everything anew, as nobody went back.
    finished_by_another_aisle()
    assert "the version of Aisle changed" in command("run", file, "--dry-run").out
    again = told(command("run", file, "--json"))
    assert ran(again) == ("prepare", "export", "index", "evaluate", "gate", "promote")
    assert again["live"] == f"{name}-v0003"

    aisle.rollback(name, cluster=client)
    finished_by_another_aisle()
    planned = command("run", file, "--dry-run", "--json")
    assert ran(told(planned)) == ("promote",)
    assert f"went back from {name}-v0003 to {name}-v0002" in told(planned)["steps"][-1]["why"]
    for _ in "ab":
        done = command("run", file)
        refused = failure(done)
        assert "that holds until what it was made of changes" in refused and "--again index" in refused
        assert "also not by another version of Aisle" in " ".join(done.err.split())
        assert read_inventory(client, name).live == (f"{name}-v0002",)
    # Nor if the run that made it live was killed before it could write that down.
    promoted = shop.work / "results" / "promote.json"
    kept = promoted.read_bytes()
    promoted.write_bytes(kept.replace(b"-v0003", b"-v0002"))
    assert "that holds until" in failure(command("run", file))
    promoted.write_bytes(kept)
    # Nor does it come back because what was withdrawn is cleaned up, and its number is given to no other one.
    client.indices.delete(index=f"{name}-v0003")
    gone = failure(command("run", file))
    assert "that holds until" in gone and "--to" not in gone
    assert read_inventory(client, name).live == (f"{name}-v0002",)

    shop.add_product("new-2", "a chair of today")
    changed = told(command("run", file, "--json"))
    assert changed["live"] == f"{name}-v0004" and states(changed)["export"] == "up to date"
    # And what waited for that is done with the next run.
    assert "export" in ran(told(command("run", file, "--json")))


def test_what_orders_a_release_is_bound_before_the_gate_and_never_to_a_live_one(
    shop: NightlyShop, client: Cluster, name: str, command: Command, tmp_path: Path
) -> None:
    file = str(shop.file)
    artifact = tiny_reranker(tmp_path / "reranker")
    shutil.copytree(artifact, tmp_path / "home" / "artifacts" / "reranker" / artifact.name)
    words = '[index]\nencoder = "none"'
    shop.write(words, '[bind]\nreranker = "tiny-3:20"', '[gate]\npolicy = "gate.toml"\nsample = 20')
    done = told(command("run", file, "--json"))
    assert "tiny-3" in str(done["steps"][3]["result"]["models"])
    actions = [one.action for one in aisle.release_log(name, cluster=client)]
    assert actions == ["stage", "bind", "promote"]
    assert "is live, and what orders it" in failure(command("run", file, "--again", "bind"))
    shop.write(words, '[bind]\nreranker = "none"', GATE)
    planned = told(command("run", file, "--dry-run", "--json"))
    assert (planned["steps"][2]["step"], planned["steps"][2]["why"]) == ("index", "what is bound changed")
    assert told(command("run", file, "--json"))["live"] == f"{name}-v0002"


def test_a_ranker_is_trained_on_the_new_release_and_bound_to_it(
    shop: NightlyShop, client: Cluster, name: str, command: Command, tmp_path: Path
) -> None:
    file = str(shop.file)
    shop.want_bestsellers()
    words = '[index]\nencoder = "none"'
    shop.write(words, RANKER, GATE)
    planned = told(command("run", file, "--dry-run", "--json"))
    assert tuple(states(planned)) == WITH_RANKER
    first = command("run", file, "--json")
    assert first.code == 0, first.err
    done = told(first)
    made = {one["step"]: one["result"] for one in done["steps"]}
    bound = read_live(client, name).meta.ordering.ranker
    assert bound is not None and bound.fingerprint == made["train-ranker"]["fingerprint"]
    assert bound.name == name and name in str(made["bind"]["models"])
    actions = [one.action for one in aisle.release_log(name, cluster=client)]
    assert actions == ["stage", "bind", "promote"]
    assert ran(told(command("run", file, "--json"))) == ()

    # A ranker that is deleted is made again; of the same release and judgments it is the same.
    store = ArtifactStore(tmp_path / "home" / "artifacts")
    shutil.rmtree(store.resolve(bound.fingerprint))
    assert ran(told(command("run", file, "--json"))) == ("train-ranker",)
    # Another one is of another release: what orders a live one does not change before a gate has seen it.
    shop.write(words, RANKER + "seed = 8\n", GATE)
    assert ran(told(command("run", file, "--json"))) == WITH_RANKER[2:]
    assert list(client.indices.get_alias(name=name)) == [f"{name}-v0002"]

    # Of a ranker that is no better than the fusion nothing is kept: the release has that of what is live.
    before = read_live(client, name).meta.ordering
    shop.write(words, RANKER.replace("0.5", "1e-9"), GATE)
    refused = told(command("run", file, "--json"))
    made = {one["step"]: one["result"] for one in refused["steps"]}
    assert (refused["live"], made["train-ranker"]["fingerprint"]) == (f"{name}-v0003", None)
    assert "no better than the fusion" in made["train-ranker"]["note"]
    assert made["bind"]["models"] == list(before.texts) != []
    assert read_live(client, name).meta.ordering == before
    again = command("run", file)
    assert "no new ranker" in " ".join(again.out.split()) and ran(told(command("run", file, "--json"))) == ()


def test_two_at_once(shop: NightlyShop, client: Cluster, name: str, command: Command) -> None:
    file = str(shop.file)
    shop.write('[index]\nencoder = "none"', GATE)
    with WorkFolder(shop.work).turn():
        assert "another run of this pipeline is under way" in failure(command("run", file))
        # To look is no run.
        assert command("run", file, "--dry-run").code == 0
    assert listing(shop.work) == ["lock"]
    # Another one, in another folder or on another machine, that works at the same catalogue.
    with hold(client, name, "a nightly run elsewhere", lease_s=2):
        assert "is being changed" in failure(command("run", file))
    assert told(command("run", file, "--json"))["live"] == f"{name}-v0001"


# Killed when the result of a step is about to be written: all is done, and nobody knows of it.
KILLED = """
import os, signal, sys
import aisle
from aisle.training.common.progress import Silent

step = sys.argv[2]


class Deadly(Silent):
    def step(self, done, total, loss):
        if step == "training":
            os.kill(os.getpid(), signal.SIGKILL)


def hook(event, arguments):
    if event == "open" and f".{step}.json." in str(arguments[0]):
        os.kill(os.getpid(), signal.SIGKILL)


sys.addaudithook(hook)
aisle.run_pipeline(sys.argv[1], progress=Deadly())
"""


WORDS = '[index]\nencoder = "none"'


@pytest.mark.parametrize(
    ("making", "steps"),
    [
        (ENCODER, ("prepare", "training", "train-encoder", "export")),
        (WORDS, ("index", "evaluate", "gate", "promote", "record")),
        (WORDS + RANKER, ("train-ranker", "bind")),
    ],
    ids=["to-artifacts", "to-the-live-release", "to-a-release-with-its-ranker"],
)
def test_killed_in_a_step_it_goes_on_from_there(
    making: str,
    steps: tuple[str, ...],
    shop: NightlyShop,
    client: Cluster,
    name: str,
    node_url: str,
    command: Command,
    tmp_path: Path,
) -> None:
    file = str(shop.file)
    if RANKER in making:
        shop.want_bestsellers()
    shop.write(WORDS)
    assert command("run", file).code == 0
    shop.write(making, GATE, registry="records")
    shop.add_product("new-1", "a lamp that nobody has seen")
    env = environment(AISLE_URL=node_url, AISLE_HOME=str(tmp_path / "home"), OMP_NUM_THREADS="1")
    known: dict[str, bytes] = {}
    for at in steps:
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, file, at],
            cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert killed.returncode == -signal.SIGKILL, (at, killed.stderr)
        # What was finished before is kept as it was.
        for step, result in known.items():
            assert (shop.work / "results" / f"{step}.json").read_bytes() == result, (at, step)
        place = "train-encoder" if at == "training" else at
        order = WITH_RANKER if RANKER in making else STEPS
        done = [step for step in order[: order.index(place)] if step != "train-encoder" or making == ENCODER]
        known = {step: (shop.work / "results" / f"{step}.json").read_bytes() for step in done}
        (live,) = client.indices.get_alias(name=name)
        assert (live == f"{name}-v0001") is (at not in ("promote", "record")), at
        assert count(client, name) == (1_000 if live == f"{name}-v0001" else 1_001)
    if making == WORDS:
        last = told(command("run", file, "--json"))
        assert ran(last) == ("record",) and last["live"] == live
        assert [one.action for one in aisle.release_log(name, cluster=client)].count("promote") == 2
