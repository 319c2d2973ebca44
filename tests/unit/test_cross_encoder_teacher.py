"""A tiny teacher, really trained: it learns, it is saved whole, its scores repeat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aisle.errors import InputError
from aisle.training.common.machine import TrainingPrecision
from aisle.training.cross_encoder.fit import TeacherLoss
from aisle.training.cross_encoder.teacher import (
    TeacherSettings,
    TrainedCrossEncoder,
    relative_scores,
    teacher_scores,
    train_teacher,
)
from aisle.training.data.mining import lexical_candidates
from tests.support.tiny_bert import tiny_bert
from tests.support.tiny_shop import COLOURS, ITEMS, KINDS, shop
from tests.support.tiny_training import Diary, Stopped

pytestmark = pytest.mark.slow

SETTINGS = TeacherSettings(
    epochs=20,
    learning_rate=2e-3,
    list_size=6,
    mined=1,
    batch=8,
    max_tokens=24,
    precision=TrainingPrecision.FP32,
)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """On a busy machine two threads spend their time in waiting for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = [*KINDS, *COLOURS, "no"]
    return tiny_bert(tmp_path_factory.mktemp("base") / "tiny", words)


def trained(base: Path, folder: Path, **changes: object) -> TrainedCrossEncoder:
    data = shop("train", 60, seed=1)
    settings = replace(SETTINGS, base=str(base), **changes)  # type: ignore[arg-type]
    return train_teacher(data, lexical_candidates(data, 20), settings, folder)


@pytest.fixture(scope="module")
def teacher(base: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainedCrossEncoder:
    return trained(base, tmp_path_factory.mktemp("teacher") / "mine")


def ranked_right(folder: Path) -> float:
    """Share of (positive, irrelevant) pairs of held-out queries in the right order; chance is .5."""
    held_out = shop("dev", 40, seed=2)
    candidates = {query: tuple(held_out.grades[query]) for query in held_out.queries}
    scores = teacher_scores(folder, held_out.queries, ITEMS, candidates, TrainingPrecision.FP32)
    right = [
        scores[query][good] > scores[query][bad]
        for query, grades in held_out.grades.items()
        for good in grades
        for bad in grades
        if query in scores and grades[good] == 3 and grades[bad] == 0
    ]
    return sum(right) / len(right)


def test_training_lowers_the_loss_and_ranks_held_out_positives_first(teacher: TrainedCrossEncoder) -> None:
    assert len(teacher.losses) >= 8
    assert teacher.losses[-1] < 0.8 * teacher.losses[0]
    assert ranked_right(teacher.folder) > 0.75


def test_the_other_loss_learns_too(base: Path, tmp_path: Path) -> None:
    other = trained(base, tmp_path / "other", loss=TeacherLoss.LAMBDA)
    assert ranked_right(other.folder) > 0.75


def test_a_seed_decides_the_teacher(base: Path, tmp_path: Path) -> None:
    candidates = {"q": tuple(ITEMS)}
    first, twin, other = (
        teacher_scores(folder, {"q": "drill red"}, ITEMS, candidates, TrainingPrecision.FP32)["q"]
        for folder in (
            trained(base, tmp_path / name, epochs=2, seed=seed).folder
            for name, seed in (("first", 1), ("twin", 1), ("other", 2))
        )
    )
    assert first == pytest.approx(twin, abs=1e-4)
    assert first != pytest.approx(other, abs=1e-4)


def test_scores_repeat_and_do_not_depend_on_their_company(teacher: TrainedCrossEncoder) -> None:
    queries = {"a": "drill red", "b": "lamp blue"}
    items = tuple(ITEMS)
    diary = Diary(stages=["scoring"])
    both = teacher_scores(
        teacher.folder,
        queries,
        ITEMS,
        {"a": items, "b": items[:5]},
        TrainingPrecision.FP32,
        diary,
    )
    alone = teacher_scores(teacher.folder, queries, ITEMS, {"b": items[:5]}, TrainingPrecision.FP32)
    assert diary.steps[-1] == ("scoring", len(items) + 5)
    assert tuple(both["a"]) == items
    assert both["b"] == pytest.approx(alone["b"], abs=1e-4)
    assert len(set(both["b"].values())) > 1


def test_bfloat16_scores_are_near(teacher: TrainedCrossEncoder) -> None:
    candidates = {"q": tuple(ITEMS)}
    wide, narrow = (
        teacher_scores(teacher.folder, {"q": "saw green"}, ITEMS, candidates, precision)["q"]
        for precision in (TrainingPrecision.FP32, TrainingPrecision.BF16)
    )
    spread = max(wide.values()) - min(wide.values())
    assert max(abs(wide[item] - narrow[item]) for item in wide) < 0.05 * spread


def test_relative_scores_are_1_for_the_best_and_ratios_of_odds() -> None:
    found = relative_scores({"q": {"a": -2.0, "b": -3.0}, "none": {}})
    assert found["q"] == pytest.approx({"a": 1.0, "b": 0.36788}, abs=1e-4)
    assert found["none"] == {}


def test_an_existing_folder_is_left_alone(base: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match="exists already"):
        trained(base, tmp_path / "mine")
    assert not any((tmp_path / "mine").iterdir())


def test_an_interrupted_training_leaves_nothing(base: Path, tmp_path: Path) -> None:
    data = shop("train", 20, seed=1)
    diary = Diary(stop=("teacher", 2), stages=["teacher"])
    with pytest.raises(Stopped):
        train_teacher(data, {}, replace(SETTINGS, base=str(base)), tmp_path / "mine", progress=diary)
    assert not any(tmp_path.iterdir())


def test_an_interrupted_training_is_continued_from_its_checkpoint(base: Path, tmp_path: Path) -> None:
    data = shop("train", 60, seed=1)
    candidates = lexical_candidates(data, 20)
    settings = replace(SETTINGS, base=str(base), epochs=2, checkpoint_steps=3)
    straight = train_teacher(data, candidates, settings, tmp_path / "straight")
    checkpoints = tmp_path / "checkpoints"
    with pytest.raises(Stopped):
        stop = Diary(stop=("teacher", 8), stages=["teacher"])
        train_teacher(data, candidates, settings, tmp_path / "mine", checkpoints=checkpoints, progress=stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints", "straight"]
    assert not list(checkpoints.rglob("training_args.bin"))
    diary = Diary(stages=["teacher"])
    resumed = train_teacher(
        data, candidates, settings, tmp_path / "mine", checkpoints=checkpoints, progress=diary
    )
    assert diary.steps[0][1] == 7
    assert resumed.steps == straight.steps == diary.steps[-1][1]
    assert resumed.losses == pytest.approx(straight.losses, abs=1e-3)
    asked, items = {"q": "drill red"}, {"q": tuple(ITEMS)}
    mine, theirs = (
        teacher_scores(done.folder, asked, ITEMS, items, TrainingPrecision.FP32)["q"]
        for done in (resumed, straight)
    )
    assert mine == pytest.approx(theirs, abs=1e-4)
    assert not checkpoints.exists()


@pytest.mark.parametrize(
    ("queries", "items", "message"), [({}, {"i": "x"}, "query 'q'"), ({"q": "x"}, {}, "item 'i'")]
)
def test_an_id_without_a_text_is_refused(
    teacher: TrainedCrossEncoder, queries: dict[str, str], items: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        teacher_scores(teacher.folder, queries, items, {"q": ("i",)})


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no cross-encoder"):
        teacher_scores(tmp_path, {"q": "x"}, {"i": "y"}, {"q": ("i",)})
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="cannot be opened"):
        teacher_scores(tmp_path, {"q": "x"}, {"i": "y"}, {"q": ("i",)})
