"""A tiny teacher and its student, really trained: the student learns, is small, and is saved whole."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from aisle.encoder import ArtifactStore, CrossEncoder
from aisle.encoder.export import Pooling, RerankerExport, export
from aisle.errors import InputError
from aisle.evaluation import Run, evaluate, write_run
from aisle.training.common.machine import TrainingPrecision
from aisle.training.common.run_folder import starting_point
from aisle.training.cross_encoder.candidates import merged_candidates, mined_candidates, run_candidates
from aisle.training.cross_encoder.reranker import (
    RerankerSettings,
    TrainedReranker,
    layer_count,
    listwise_targets,
    spread_layers,
    train_reranker,
)
from aisle.training.cross_encoder.teacher import TeacherSettings, teacher_scores, train_teacher
from aisle.training.data.mining import lexical_candidates
from aisle.training.data.negatives import Candidates
from tests.support.tiny_bert import tiny_bert
from tests.support.tiny_shop import COLOURS, ITEMS, KINDS, shop
from tests.support.tiny_training import Diary

pytestmark = pytest.mark.slow

SETTINGS = RerankerSettings(
    layers=1, epochs=24, learning_rate=3e-3, list_size=8, mined=2, batch=8, max_tokens=24,
    precision=TrainingPrecision.FP32,
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base") / "tiny", [*KINDS, *COLOURS, "no"])


@pytest.fixture(scope="module")
def teacher(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = shop("train", 60, seed=1)
    settings = TeacherSettings(
        base=str(base), epochs=20, learning_rate=2e-3, list_size=6, mined=1, batch=8, max_tokens=24,
        precision=TrainingPrecision.FP32,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("teacher") / "mine"
    return train_teacher(data, lexical_candidates(data, 20), settings, folder).folder


def trained(teacher: Path, folder: Path, **changes: object) -> TrainedReranker:
    data = shop("train", 60, seed=1)
    settings = replace(SETTINGS, base=str(teacher), **changes)  # type: ignore[arg-type]
    diary = Diary(stages=["s"])
    return train_reranker(data, lexical_candidates(data, 20), settings, folder, progress=diary)


@pytest.fixture(scope="module")
def student(teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainedReranker:
    return trained(teacher, tmp_path_factory.mktemp("student") / "mine")


def ndcg(scores: dict[str, dict[str, float]]) -> float:
    """Mean nDCG@10 of held-out queries' judged items."""
    held_out = shop("dev", 40, seed=2)
    rankings = {query: sorted(known, key=lambda item: -known[item]) for query, known in scores.items()}
    return evaluate(Run("reranker", rankings), held_out.grades, ["nDCG@10"]).mean("nDCG@10")


def held_out_scores(folder: Path) -> dict[str, dict[str, float]]:
    held_out = shop("dev", 40, seed=2)
    candidates = {query: tuple(held_out.grades[query]) for query in held_out.queries}
    return teacher_scores(folder, held_out.queries, ITEMS, candidates, TrainingPrecision.FP32)


def test_training_lowers_the_loss_and_raises_ndcg(
    base: Path, student: TrainedReranker, teacher: Path, tmp_path: Path
) -> None:
    # The targets' own entropy stays in the loss.
    assert student.losses[-1] < 0.9 * student.losses[0]
    begun = trained(teacher, tmp_path / "begun", epochs=1, learning_rate=1e-9)
    assert ndcg(held_out_scores(student.folder)) > ndcg(held_out_scores(begun.folder)) + 0.05
    assert ndcg(held_out_scores(student.folder)) > ndcg(held_out_scores(teacher)) - 0.1


def test_the_student_has_the_layers_and_the_pooling_that_were_asked_for(student: TrainedReranker) -> None:
    assert student.kept == (0,)
    assert layer_count(student.folder) == 1
    assert orjson.loads((student.folder / "1_Pooling" / "config.json").read_bytes())["pooling_mode"] == "cls"


def test_its_int8_artifact_ranks_as_well(student: TrainedReranker, tmp_path: Path) -> None:
    options = RerankerExport(model=str(student.folder), name="tiny")
    model = CrossEncoder.load(export(options, ArtifactStore(tmp_path)).path)
    assert model.manifest.max_length == 24
    held_out = shop("dev", 40, seed=2)
    scores = {}
    for query, text in held_out.queries.items():
        items = list(held_out.grades[query])
        found = model.score(text, [ITEMS[item] for item in items]).tolist()
        scores[query] = dict(zip(items, found, strict=True))
    assert ndcg(scores) == pytest.approx(ndcg(held_out_scores(student.folder)), abs=0.03)


def test_mean_pooling_and_grades_alone_learn_too(teacher: Path, tmp_path: Path) -> None:
    mean = trained(teacher, tmp_path / "mean", pooling=Pooling.MEAN, layers=2, epochs=12)
    assert mean.kept == (0, 1)
    assert ndcg(held_out_scores(mean.folder)) > 0.8
    grades = trained(teacher, tmp_path / "grades", share=0.0, layers=2, epochs=12)
    assert ndcg(held_out_scores(grades.folder)) > 0.7


def test_a_seed_decides_the_student(teacher: Path, tmp_path: Path) -> None:
    first, twin, other = (
        held_out_scores(trained(teacher, tmp_path / name, epochs=2, seed=seed).folder)["dev0"]
        for name, seed in (("first", 1), ("twin", 1), ("other", 2))
    )
    assert first == pytest.approx(twin, abs=1e-4)
    assert first != pytest.approx(other, abs=1e-4)


def test_targets_are_a_mixture_of_two_softmaxes() -> None:
    teacher, grades = (1.0, 0.0, -1.0), (0, 3, 1)
    opinion = np.exp(teacher) / np.exp(teacher).sum()
    gains = np.array([0, 7, 1]) / 8
    for share in (0.0, 0.3, 1.0):
        found = np.exp(listwise_targets(teacher, grades, share, 1.0))
        assert found == pytest.approx(share * opinion + (1 - share) * gains, abs=1e-8)
    assert np.exp(listwise_targets(teacher, grades, 1.0, 1e-3)) == pytest.approx([1, 0, 0], abs=1e-8)
    assert all(math.isfinite(target) for target in listwise_targets((800.0, -800.0), (1, 0), 1.0, 1.0))


def test_layers_are_spread_from_first_to_last() -> None:
    assert [spread_layers(count, 6) for count in (1, 2, 3, 6)] == [
        (0,), (0, 5), (0, 2, 5), (0, 1, 2, 3, 4, 5),
    ]  # fmt: skip
    for count in (0, 7):
        with pytest.raises(InputError, match=f"{count} layers cannot be kept of a teacher's 6"):
            spread_layers(count, 6)


def test_legs_are_merged_by_rank_each_item_once() -> None:
    legs: list[Candidates] = [{"q": ("a", "b", "c")}, {"q": ("b", "d"), "p": ("x",)}, {}]
    assert merged_candidates(legs) == {"q": ("a", "b", "d", "c"), "p": ("x",)}


def test_candidates_come_from_saved_runs(tmp_path: Path) -> None:
    data = shop("train", 5, seed=1)
    query = next(iter(data.queries))
    write_run(Run("bm25", {query: ["red-drill-0", "red-saw-0"]}), tmp_path / "bm25.run")
    write_run(
        Run("dense", {query: ["red-saw-0", "red-tap-0"], "unknown": ["red-tap-0"]}), tmp_path / "dense.run"
    )
    found = run_candidates([tmp_path / "bm25.run", tmp_path / "dense.run"], data)
    assert found == {query: ("red-drill-0", "red-saw-0", "red-tap-0")}
    write_run(Run("bm25", {"unknown": ["red-drill-0"]}), tmp_path / "other.run")
    with pytest.raises(InputError, match="none of the training queries"):
        run_candidates([tmp_path / "other.run"], data)


def test_mined_candidates_without_an_encoder_are_bm25s() -> None:
    data = shop("train", 5, seed=1)
    diary = Diary()
    assert mined_candidates(data, None, diary, depth=10) == dict(lexical_candidates(data, 10))
    assert diary.notes == ["searching the catalogue with BM25"]


def test_a_run_of_ours_is_a_starting_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_HOME", str(tmp_path))
    run = tmp_path / "training" / "shop"
    run.mkdir(parents=True)
    assert starting_point("shop") == "shop"
    ledger = run / "training.json"
    ledger.write_bytes(orjson.dumps({"key": "k", "stages": [{"folder": "1-a"}, {"folder": "2-b"}]}))
    assert starting_point("shop") == str(run / "2-b")
    assert starting_point(str(tmp_path)) == str(tmp_path)
    ledger.write_bytes(orjson.dumps({"key": "k", "stages": []}))
    with pytest.raises(InputError, match="no finished stage"):
        starting_point("shop")


def test_what_cannot_be_trained_is_refused_before_the_teacher_scores(teacher: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="3 layers cannot be kept"):
        trained(teacher, tmp_path / "mine", layers=3)
    with pytest.raises(InputError, match="holds no cross-encoder"):
        trained(tmp_path, tmp_path / "mine")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "setting",
    [{"layers": 0}, {"share": 1.5}, {"temperature": 0}, {"epochs": 0}, {"mined": 16}, {"max_tokens": 4}],
)
def test_impossible_settings_are_refused(setting: dict[str, int]) -> None:
    with pytest.raises(InputError, match=next(iter(setting))):
        RerankerSettings(**setting)  # type: ignore[arg-type]
