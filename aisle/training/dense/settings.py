"""Everything that decides what a training run makes, and that is written into the artifact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from aisle.errors import InputError
from aisle.training.common.settings import TrainingPrecision, as_plain_json, require_valid
from aisle.training.cross_encoder.teacher import TeacherSettings
from aisle.training.data.negatives import NegativeOptions
from aisle.training.dense.stage import Schedule, TrainingStage
from aisle.training.dense.stages.averaged import AveragedStage
from aisle.training.dense.stages.contrastive import (
    DistillationStage,
    HardNegativeStage,
    InBatchStage,
    TitleStage,
)
from aisle.training.dense.stages.head import AxesStage, HeadStage

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


WIDTHS = (384, 256, 128, 64, 32)


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """A training run.

    Attributes:
        base, revision: the model to start from, see ``aisle.encoder.export.weights.find_weights``.
        stages: what to train on, in order; each with its own epochs, learning rate and batch size.
        widths: Matryoshka widths; those wider than the model are left out, its own width is put first.
        width_weights: weight of each width's loss, by width; a width that is not named weighs 1. An index
            holds 64 dimensions unless told otherwise, so these count twice.
        scale: 1 / temperature of the softmax over in-batch negatives.
        mini_batch: rows that go through the model at a time, fewer if long (``losses.TOKENS_AT_ONCE``);
            a larger batch is split by GradCache.
        query_tokens, item_tokens: longest query and item, in tokens; at most what the model takes.
        warmup: share of a stage's steps; weight_decay: AdamW's; max_grad_norm: where gradients are clipped.
        dropout: of hidden states and attention. A few epochs do not overfit, and drawing the masks takes a
            quarter of a step on a CPU.
        checkpoint_steps: steps between checkpoints.
        precision: of the arithmetic; seed: of everything that is drawn.

    Raises:
        InputError: a value that cannot be used; names it.
    """

    base: str = "all-MiniLM-L6-v2"
    revision: str | None = None
    stages: tuple[TrainingStage, ...] = field(default_factory=recipe)
    widths: tuple[int, ...] = WIDTHS
    width_weights: tuple[tuple[int, float], ...] = ((64, 2.0),)
    scale: float = 20.0
    mini_batch: int = 256
    query_tokens: int = 128
    item_tokens: int = 128
    warmup: float = 0.1
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    dropout: float = 0.0
    checkpoint_steps: int = 100
    precision: TrainingPrecision = TrainingPrecision.AUTO
    seed: int = 7

    def __post_init__(self) -> None:
        rules = (
            ("stages", bool(self.stages), "at least one stage"),
            ("widths", bool(self.widths) and min(self.widths) >= 1, "one or more widths of 1 or more"),
            ("width_weights", all(w >= 0 for _, w in self.width_weights), "weights of 0 or more"),
            ("scale", self.scale > 0, "more than 0"),
            ("mini_batch", self.mini_batch >= 1, "1 or more"),
            ("query_tokens", self.query_tokens >= 3, "3 or more"),
            ("item_tokens", self.item_tokens >= 3, "3 or more"),
            ("warmup", 0 <= self.warmup < 1, "0 to less than 1"),
            ("weight_decay", self.weight_decay >= 0, "0 or more"),
            ("max_grad_norm", self.max_grad_norm > 0, "more than 0"),
            ("dropout", 0 <= self.dropout < 1, "0 to less than 1"),
            ("checkpoint_steps", self.checkpoint_steps >= 1, "1 or more"),
        )
        require_valid(self, rules, "trained")

    def widths_of(self, full: int) -> dict[int, float]:
        """Width to weight for a model of that full width, which comes first."""
        weights = dict(self.width_weights)
        kept = sorted({full, *(width for width in self.widths if width < full)}, reverse=True)
        return {width: weights.get(width, 1.0) for width in kept}

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for the manifest and for telling two runs apart."""
        held: dict[str, Any] = as_plain_json(asdict(self))
        named = [
            {"stage": stage.name, **fields} for stage, fields in zip(self.stages, held["stages"], strict=True)
        ]
        return {**held, "stages": named, "width_weights": {str(w): x for w, x in self.width_weights}}
