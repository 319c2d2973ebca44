"""The stages of a dense training, and everything else that decides what it makes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from aisle.errors import InputError
from aisle.training.common.settings import Rule, as_plain_json
from aisle.training.cross_encoder.teacher import TeacherSettings
from aisle.training.data.negatives import NegativeOptions
from aisle.training.dense.stage import TrainingStage
from aisle.training.dense.stages.averaged import AveragedStage
from aisle.training.dense.stages.contrastive import (
    DistillationStage,
    HardNegativeStage,
    InBatchStage,
    TitleStage,
)
from aisle.training.dense.stages.head import AxesStage, HeadStage
from aisle.training.dense.trainer import Schedule, StageSettings

TITLES = Schedule(epochs=1, learning_rate=1e-4, batch=256)
IN_BATCH = Schedule(epochs=1, learning_rate=1e-4, batch=256)
HARD_NEGATIVES = Schedule(epochs=0.25, learning_rate=5e-5, batch=128)
DISTILLATION = Schedule(epochs=0.25, learning_rate=5e-5, batch=64)
TEACHER = TeacherSettings(epochs=1, list_size=6, mined=2, batch=20)
TAUGHT = NegativeOptions(per_query=10, depth=12)


def recipe(
    *,
    titles: bool = True,
    epochs: Sequence[float] = (IN_BATCH.epochs,),
    rounds: int = 2,
    distill: bool = False,
    head: bool = True,
) -> tuple[TrainingStage, ...]:
    """Principal axes, titles (no labels needed), labelled pairs, mined negatives, a teacher, a head.

    Args:
        titles: begin with pseudo-queries from titles, and keep them beside the pairs.
        epochs: of the labelled pairs; with several numbers, so many runs of these lengths, averaged.
        rounds: of mining and training.
        distill: add a stage that learns the scores of a cross-encoder teacher, which it trains first.
        head: end with a linear head that is trained against the whole catalogue.

    Raises:
        InputError: fewer than 0 rounds, no epochs, or no more than 0.
    """
    if rounds < 0:
        raise InputError(f"rounds = {rounds} cannot be mined", fix="give 0 or more")
    if not epochs:
        raise InputError("no epochs of the labelled pairs", fix="give one number or several")
    runs = tuple(InBatchStage(replace(IN_BATCH, epochs=each), titles=int(titles)) for each in epochs)
    taught = DistillationStage(DISTILLATION, per_pair=5, teacher=TEACHER, options=TAUGHT)
    return (
        AxesStage(),
        *([TitleStage(TITLES)] if titles else []),
        AveragedStage(runs) if len(runs) > 1 else runs[0],
        *[HardNegativeStage(HARD_NEGATIVES)] * rounds,
        *([taught] if distill else []),
        *([HeadStage()] if head else []),
    )


def parse_epochs(epochs: float | str | Sequence[float]) -> tuple[float, ...]:
    """A number, several, "1" or "4,1,1" as numbers.

    Raises:
        InputError: they are none.
    """
    if isinstance(epochs, int | float):
        return (float(epochs),)
    parts = epochs.split(",") if isinstance(epochs, str) else epochs
    try:
        return tuple(map(float, parts))
    except ValueError:
        raise InputError(
            f"{epochs!r} is no number of epochs", fix="give one, or several as in 4,1,1"
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings(StageSettings):
    """A dense encoder's training.

    Attributes:
        stages: what to train on, in order; each with its own epochs, learning rate and batch size.

    Raises:
        InputError: a value that cannot be used; names it.
    """

    stages: tuple[TrainingStage, ...] = field(default_factory=recipe)

    def rules(self) -> Iterable[Rule]:
        """What values must satisfy."""
        return (*StageSettings.rules(self), ("stages", bool(self.stages), "at least one stage"))

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for the manifest and for telling two runs apart."""
        held: dict[str, Any] = as_plain_json(asdict(self))
        named = [
            {"stage": stage.name, **fields} for stage, fields in zip(self.stages, held["stages"], strict=True)
        ]
        return {**held, "stages": named, "width_weights": {str(w): x for w, x in self.width_weights}}
