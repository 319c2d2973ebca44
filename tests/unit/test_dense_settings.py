"""Settings of a training run: what is refused, and what the manifest shows."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from aisle.errors import InputError
from aisle.training.common.machine import TrainingPrecision
from aisle.training.dense.settings import TrainingSettings, parse_epochs, recipe
from aisle.training.dense.stages.averaged import AveragedStage
from aisle.training.dense.stages.contrastive import InBatchStage
from aisle.training.dense.trainer import Schedule


@pytest.mark.parametrize(
    "wrong",
    [
        {"stages": ()},
        {"widths": ()},
        {"widths": (64, 0)},
        {"width_weights": ((64, -1.0),)},
        {"scale": 0.0},
        {"mini_batch": 0},
        {"query_tokens": 2},
        {"item_tokens": 0},
        {"warmup": 1.0},
        {"weight_decay": -0.1},
        {"max_grad_norm": 0.0},
        {"checkpoint_steps": 0},
    ],
)
def test_impossible_settings_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))) as caught:
        TrainingSettings(**wrong)
    assert caught.value.fix.startswith("give")


@pytest.mark.parametrize("wrong", [(0, 1e-4, 8), (1, 0, 8), (1, 1e-4, 1)])
def test_impossible_schedules_are_refused(wrong: tuple[float, float, int]) -> None:
    with pytest.raises(InputError, match="cannot run"):
        Schedule(*wrong)


def test_widths_begin_with_the_models_own() -> None:
    settings = TrainingSettings(widths=(384, 64, 32), width_weights=((64, 2.0),))
    assert list(settings.widths_of(256).items()) == [(256, 1.0), (64, 2.0), (32, 1.0)]
    assert list(settings.widths_of(768)) == [768, 384, 64, 32]


def test_settings_are_plain_json_that_tells_runs_apart() -> None:
    short, long = (TrainingSettings(stages=(InBatchStage(Schedule(n, 1e-4, 8)),)) for n in (1, 2))
    assert orjson.loads(orjson.dumps(short.as_dict())) == short.as_dict()
    assert short.as_dict() != long.as_dict()
    assert short.as_dict()["stages"][0]["stage"] == "in-batch-negatives"


def test_the_recipe_has_the_rungs_asked_for() -> None:
    def names(**options: Any) -> list[str]:
        return [stage.name for stage in recipe(**options)]

    mined = ["hard-negatives", "hard-negatives"]
    assert names() == ["principal-axes", "titles", "in-batch-negatives", *mined, "head"]
    taught = ["principal-axes", "in-batch-negatives", "distillation"]
    assert names(titles=False, rounds=0, distill=True, head=False) == taught
    pairs = recipe(epochs=(5,), titles=False)[1]
    assert isinstance(pairs, InBatchStage)
    assert (pairs.schedule.epochs, pairs.titles) == (5, 0)
    soup = recipe(epochs=parse_epochs("4,1"), rounds=0, head=False)[2]
    assert isinstance(soup, AveragedStage)
    assert [(run.schedule.epochs, run.titles) for run in soup.runs] == [(4, 1), (1, 1)]


def test_a_recipe_that_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="rounds"):
        recipe(rounds=-1)
    with pytest.raises(InputError, match="no epochs"):
        recipe(epochs=())
    for text in ("", "4,", "four"):
        with pytest.raises(InputError, match="no number of epochs"):
            parse_epochs(text)


def test_precision_is_what_was_asked_or_what_the_machine_has() -> None:
    assert TrainingPrecision.FP32.on("cpu") is TrainingPrecision.FP32
    assert TrainingPrecision.BF16.on("cpu") is TrainingPrecision.BF16
    assert TrainingPrecision.AUTO.on("cpu") in {TrainingPrecision.FP32, TrainingPrecision.BF16}
    assert TrainingPrecision.AUTO.on("mps") is TrainingPrecision.FP32
