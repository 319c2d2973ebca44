"""A soup of runs is the mean of what each run alone would have made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file
from torch import Tensor

from aisle.errors import InputError
from aisle.training.dense.settings import TrainingSettings
from aisle.training.dense.stages.averaged import AveragedStage
from aisle.training.dense.stages.contrastive import InBatchStage
from aisle.training.dense.train import train_encoder
from aisle.training.dense.trainer import Schedule
from tests.support.tiny_catalogue import tiny_training_set
from tests.support.tiny_training import Diary, tiny_model, tiny_settings

pytestmark = pytest.mark.slow

LONG, SHORT = InBatchStage(Schedule(2, 5e-3, 32), titles=1), InBatchStage(Schedule(1, 5e-3, 32), titles=1)


@pytest.fixture
def settings(tmp_path: Path) -> TrainingSettings:
    return tiny_settings(tiny_model(tmp_path / "base"), AveragedStage((LONG, SHORT)))


def test_the_soup_is_the_mean_of_runs_that_differ_in_length_and_seed(
    settings: TrainingSettings, tmp_path: Path
) -> None:
    first = _weights(replace(settings, stages=(LONG,)), tmp_path / "long")
    second = _weights(replace(settings, stages=(SHORT,), seed=settings.seed + 1), tmp_path / "short")
    soup = _weights(settings, tmp_path / "soup")
    apart = max(float((first[name] - second[name]).abs().max()) for name in first)
    off = max(float(((first[name] + second[name]) / 2 - soup[name]).abs().max()) for name in first)
    assert apart > 1e-3
    assert off < apart / 1000


def test_the_start_can_be_one_of_the_averaged(settings: TrainingSettings, tmp_path: Path) -> None:
    start = load_file(Path(settings.base) / "model.safetensors")
    run = _weights(replace(settings, stages=(LONG,)), tmp_path / "run")
    blend = replace(settings, stages=(AveragedStage((LONG,), with_start=True),))
    mixed = _weights(blend, tmp_path / "blend")
    moved = max(float((start[name] - run[name]).abs().max()) for name in run)
    off = max(float(((start[name] + run[name]) / 2 - mixed[name]).abs().max()) for name in run)
    assert moved > 1e-3
    assert off < moved / 1000


def test_a_finished_run_is_not_trained_again(settings: TrainingSettings, tmp_path: Path) -> None:
    whole = _weights(settings, tmp_path / "soup")
    (tmp_path / "soup" / "training.json").unlink()
    (kept,) = (tmp_path / "soup" / "parts").iterdir()
    (kept / "1.safetensors").unlink()
    diary = Diary()
    again = _weights(settings, tmp_path / "soup", diary)
    assert [note for note in diary.notes if "averaged" in note] == ["run 2 of 2, to be averaged"]
    assert all(bool((whole[name] == again[name]).all()) for name in whole)


def test_one_run_is_no_soup() -> None:
    with pytest.raises(InputError, match="1 runs cannot be averaged"):
        AveragedStage((LONG,))


def _weights(settings: TrainingSettings, work: Path, diary: Diary | None = None) -> dict[str, Tensor]:
    trained = train_encoder(tiny_training_set(), settings, work, progress=diary, device="cpu")
    return load_file(trained.folder / "model.safetensors")
