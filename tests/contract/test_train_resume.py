"""A run that was stopped goes on where it was; a work folder of another run is left alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest

from aisle.errors import InputError
from aisle.training.common.base_model import find_base, open_model, save_model
from aisle.training.common.run_folder import LEDGER
from aisle.training.common.trainer import last_checkpoint
from aisle.training.data.training_set import TrainingSet
from aisle.training.dense.stages.contrastive import InBatchStage, TitleStage
from aisle.training.dense.train import train_encoder
from aisle.training.dense.trainer import Schedule
from tests.support.command import listing
from tests.support.tiny_catalogue import tiny_training_set
from tests.support.tiny_training import Diary, Stopped, tiny_model, tiny_settings

pytestmark = pytest.mark.slow

LADDER = (TitleStage(Schedule(1, 5e-3, 32)), InBatchStage(Schedule(2, 5e-3, 32)))
STEPS = {"titles": 6, "in-batch-negatives": 10}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def data() -> TrainingSet:
    return tiny_training_set()


@pytest.fixture(scope="module")
def stopped(base: Path, data: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder: stage 1 done, stage 2 stopped after step 8, its last checkpoint at 6."""
    work = tmp_path_factory.mktemp("run") / "work"
    diary = Diary(stop=("in-batch-negatives", 8))
    with pytest.raises(Stopped):
        train_encoder(
            data, tiny_settings(base, *LADDER, checkpoint_steps=3), work, progress=diary, device="cpu"
        )
    return work


@pytest.fixture
def work(stopped: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stopped, tmp_path / "work"))


def test_a_stopped_run_ends_as_one_that_was_not(
    work: Path, base: Path, data: TrainingSet, tmp_path: Path
) -> None:
    settings = tiny_settings(base, *LADDER, checkpoint_steps=3)
    diary = Diary()
    resumed = train_encoder(data, settings, work, resume=True, progress=diary, device="cpu")
    assert diary.stages == ["in-batch-negatives"]
    assert [step for _, step in diary.steps] == [7, 8, 9, 10]
    assert {record.name: record.steps for record in resumed.history} == STEPS
    straight = train_encoder(data, settings, tmp_path / "straight", device="cpu")
    assert [step for step, _ in resumed.history[1].losses] == [step for step, _ in straight.history[1].losses]
    mine, theirs = (open_model(run.folder, "cpu").state_dict() for run in (resumed, straight))
    assert all(mine[name].allclose(theirs[name], atol=1e-6) for name in mine)
    assert not any((work / "checkpoints").iterdir())


def test_a_finished_run_is_not_trained_again(work: Path, base: Path, data: TrainingSet) -> None:
    settings = tiny_settings(base, *LADDER, checkpoint_steps=3)
    train_encoder(data, settings, work, resume=True, device="cpu")
    before = listing(work)
    diary = Diary()
    measured: list[str] = []

    def evaluate(_: object, name: str) -> dict[str, float]:
        measured.append(name)
        return {"figure": 1.0}

    again = train_encoder(data, settings, work, resume=True, progress=diary, evaluate=evaluate, device="cpu")
    assert (diary.stages, diary.steps) == ([], [])
    assert measured == ["titles", "in-batch-negatives"]
    assert {record.name: record.steps for record in again.history} == STEPS
    assert listing(work) == before


def test_half_a_checkpoint_is_passed_over(work: Path) -> None:
    (folder,) = (work / "checkpoints").glob("2-in-batch-negatives-*/0")
    # The library would keep its arguments there, as a pickle.
    assert not list(folder.rglob("training_args.bin"))
    assert last_checkpoint(folder) == folder / "checkpoint-6"
    half = folder / "checkpoint-9"
    half.mkdir()
    assert last_checkpoint(folder) == folder / "checkpoint-6"
    (half / "trainer_state.json").write_text('{"global_st')
    assert last_checkpoint(folder) == folder / "checkpoint-6"


def test_without_resume_a_run_is_left_alone(work: Path, base: Path, data: TrainingSet) -> None:
    before = listing(work)
    with pytest.raises(InputError, match="holds a training run") as caught:
        train_encoder(data, tiny_settings(base, *LADDER, checkpoint_steps=3), work, device="cpu")
    assert "--resume" in caught.value.fix
    assert listing(work) == before


def test_other_settings_or_other_data_are_refused(work: Path, base: Path, data: TrainingSet) -> None:
    fewer = TrainingSet(data.pairs[1:], data.items, data.grades)
    before = listing(work)
    for settings, other, changed in (
        (tiny_settings(base, *LADDER, checkpoint_steps=3, seed=8), data, "training: seed was 7 and is 8 now"),
        (tiny_settings(base, *LADDER, checkpoint_steps=3), fewer, "training: the training data changed"),
        (
            tiny_settings(base, *LADDER, checkpoint_steps=3, scale=9.0),
            fewer,
            "the training data changed, scale was 20.0 and is 9.0 now",
        ),
    ):
        with pytest.raises(InputError, match=changed):
            train_encoder(other, settings, work, resume=True, device="cpu")
    assert listing(work) == before


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"key": 1}', orjson.dumps({"key": "", "stages": [{}]})])
def test_a_broken_ledger_is_named(work: Path, base: Path, data: TrainingSet, content: bytes) -> None:
    (work / LEDGER).write_bytes(content)
    with pytest.raises(InputError, match=r"training\.json cannot be read"):
        train_encoder(data, tiny_settings(base, *LADDER), work, resume=True, device="cpu")


def test_a_model_that_cannot_be_saved_leaves_nothing(base: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    before = listing(tmp_path)
    with pytest.raises(InputError, match="cannot be written") as caught:
        save_model(open_model(base, "cpu"), find_base(str(base)), tmp_path / "file" / "model")
    assert "--resume" in caught.value.fix
    assert listing(tmp_path) == before
