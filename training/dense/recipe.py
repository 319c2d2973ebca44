"""The ladder of stages that training climbs unless told otherwise. The numbers live here and only here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from records import InputError
from training.cross_encoder.settings import TeacherSettings
from training.dense.averaged_stage import AveragedStage
from training.dense.axes_stage import AxesStage
from training.dense.distillation_stage import DistillationStage
from training.dense.hard_negative_stage import HardNegativeStage
from training.dense.head_stage import HeadStage
from training.dense.in_batch_stage import InBatchStage
from training.dense.stage import Schedule, Stage
from training.dense.title_stage import TitleStage
from training.negatives.options import NegativeOptions

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
) -> tuple[Stage, ...]:
    """Principal axes, titles (no labels needed), labelled pairs, mined negatives, a teacher, a head.

    Args:
        titles: begin with pseudo-queries from titles, and keep them beside the pairs.
        epochs: of the labelled pairs; with several numbers, so many runs of these lengths, averaged.
        rounds: of mining and training.
        distill: go on with the scores of a cross-encoder teacher, trained on the way.
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


def parse_epochs(text: str) -> tuple[float, ...]:
    """ "1" or "4,1,1" as numbers.

    Raises:
        InputError: they are none.
    """
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"{text!r} is no number of epochs", fix="give one, or several as in 4,1,1") from None
