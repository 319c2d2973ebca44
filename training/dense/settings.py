"""Everything that decides what a training run makes, and that is written into the artifact."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from training.checked import require
from training.dense.precision import Precision
from training.dense.recipe import recipe
from training.dense.stage import Stage
from training.plain import plain

WIDTHS = (384, 256, 128, 64, 32)


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """A training run.

    Attributes:
        base, revision: the model to start from, see ``training.export.weights.find_weights``.
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
    stages: tuple[Stage, ...] = field(default_factory=recipe)
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
    precision: Precision = Precision.AUTO
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
        require(self, rules, "trained")

    def widths_of(self, full: int) -> dict[int, float]:
        """Width to weight for a model of that full width, which comes first."""
        weights = dict(self.width_weights)
        kept = sorted({full, *(width for width in self.widths if width < full)}, reverse=True)
        return {width: weights.get(width, 1.0) for width in kept}

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for the manifest and for telling two runs apart."""
        held: dict[str, Any] = plain(asdict(self))
        named = [
            {"stage": stage.name, **fields} for stage, fields in zip(self.stages, held["stages"], strict=True)
        ]
        return {**held, "stages": named, "width_weights": {str(w): x for w, x in self.width_weights}}
