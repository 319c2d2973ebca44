"""Files that commit 8376a69 stored open without a node: artifacts, tuned fusions, unfinished trainings."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from aisle._artifacts import is_current
from aisle._vectors import item_encoder
from aisle.encoder import ArtifactStore, CrossEncoder, DenseEncoder, SparseEncoder
from aisle.types import Item
from tests.support import stored
from tests.support.command import NOWHERE, failure, here


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what was stored; the commands run in it."""
    folder = tmp_path.resolve()
    stored.put_files(folder)
    monkeypatch.chdir(folder)
    return folder


def run(work: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str) -> Any:
    """The command as it was typed then, without a cluster."""
    command = shlex.split(stored.expected(name)["command"])
    done = here(monkeypatch, capfd, *command[1:], AISLE_HOME=str(work / "home"), AISLE_URL=NOWHERE)
    assert done.code == 0, done
    return json.loads(done.out.replace(str(work), "WORK"))


def test_artifacts_load_and_give_what_they_gave(work: Path) -> None:
    store = ArtifactStore(work / "home" / "artifacts")
    # Loading checks every hash and replays the golden texts that the old code stored with their outputs.
    dense = DenseEncoder.load("tiny-dense", store=store)
    sparse = SparseEncoder.load("tiny-sparse", store=store)
    reranker = CrossEncoder.load("tiny-reranker", store=store)
    for kind, encoder in (("dense", dense), ("sparse", sparse), ("reranker", reranker)):
        assert encoder.fingerprint == stored.expected(f"encoder-show-{kind}")["out"]["fingerprint"]
    assert dense.encode_queries(["red shoe"]).shape == (1, 16)


def test_models_made_for_other_texts_still_serve_and_say_so(work: Path) -> None:
    store = ArtifactStore(work / "home" / "artifacts")
    with pytest.warns(UserWarning, match="tiny-dense was made for text version 1, .* export it again"):
        item_encoder(store, "tiny-dense").encode([Item("1", "red shoe")])
    with pytest.warns(UserWarning, match="tiny-sparse was made for text version 1, .* export it again"):
        item_encoder(store, None, sparse="tiny-sparse")
    # So `aisle demo` makes its own anew.
    assert not is_current(store, "tiny-dense")
    assert not is_current(store, "no such artifact")


def test_the_models_find_in_saved_runs_the_fusion_that_was_found_then(
    work: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    now = run(work, monkeypatch, capfd, "tune-run-saved")
    assert stored.differences(stored.expected("tune-run-saved")["out"], now) == []
    saved = json.loads((work / "runs" / "fusion.json").read_text("utf-8"))
    assert (
        stored.differences(saved["spec"], json.loads((work / "again.json").read_text("utf-8"))["spec"]) == []
    )


def test_a_training_begun_with_texts_of_another_version_is_refused_and_stays(
    work: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    training = work / "home" / "training"
    before = {path: path.read_bytes() for path in training.rglob("*") if path.is_file()}
    command = shlex.split(stored.expected("train-encoder-resumed")["command"])
    done = here(monkeypatch, capfd, *command[1:], AISLE_HOME=str(work / "home"), AISLE_URL=NOWHERE)
    assert "holds a training of an older version of Aisle" in failure(done)
    assert {path: path.read_bytes() for path in training.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_a_dense_training_goes_on_where_it_was_killed(
    work: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # Texts of this shop hold no markup: both versions make the same of them.
    monkeypatch.setattr("aisle.training.dense.train.TEXT_VERSION", "1")
    now = run(work, monkeypatch, capfd, "train-encoder-resumed")["training"]
    then = stored.expected("train-encoder-resumed")["out"]["training"]
    for before, after in zip(then["stages"], now["stages"], strict=True):
        for key in ("key", "name", "folder", "rows", "steps", "truncated"):
            assert after[key] == before[key], key
    # Up to step 100 they come from the checkpoint; later ones depend on this processor's arithmetic.
    assert now["stages"][1]["losses"][:100] == then["stages"][1]["losses"][:100]
    assert len(now["stages"][1]["losses"]) == 150


def test_an_unfinished_sparse_training_is_refused_and_stays(
    work: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    checkpoint = work / "home" / "training" / "sparse" / "shop-sparse.new.checkpoint"
    before = checkpoint.read_bytes()
    command = shlex.split(stored.expected("train-sparse-resumed")["command"])
    done = here(monkeypatch, capfd, *command[1:], AISLE_HOME=str(work / "home"), AISLE_URL=NOWHERE)
    assert f"{checkpoint} is of an interrupted training by an older version" in failure(done)
    assert "train anew, without --resume" in done.err
    assert checkpoint.read_bytes() == before


@pytest.mark.slow
def test_a_reranker_learns_from_the_teacher_that_was_there(
    work: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    home = work / "home"
    teacher = next((home / "training").glob("shop-reranker/teacher-*"))
    before = {path: path.stat().st_mtime_ns for path in teacher.rglob("*")}
    then = stored.expected("train-reranker-again")
    command = shlex.split(then["command"])[1:]
    done = here(monkeypatch, capfd, *command, AISLE_HOME=str(home), AISLE_URL=NOWHERE)
    assert f"give --teacher {teacher}, or another --name" in failure(done)
    at = command.index("--teacher-epochs")
    command[at : at + 2] = ["--teacher", str(teacher)]
    command[command.index("--name") + 1] = "shop-again"
    done = here(monkeypatch, capfd, *command, AISLE_HOME=str(home), AISLE_URL=NOWHERE)
    assert done.code == 0, done
    assert json.loads(done.out)["training"]["lists"] == then["out"]["training"]["lists"]
    assert {path: path.stat().st_mtime_ns for path in teacher.rglob("*")} == before, "the teacher is kept"
