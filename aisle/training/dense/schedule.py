"""How a stage of a dense training is fitted: its own schedule, and what all stages of a run share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aisle.errors import InputError
from aisle.training.common.settings import Rule, RunSettings

WIDTHS = (384, 256, 128, 64, 32)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast a stage is trained.

    Attributes:
        epochs: times that every pair is seen, not necessarily whole.
        learning_rate: its peak, after the warmup; it falls linearly to 0.
        batch: rows of a batch, each with the items of all others as negatives.

    Raises:
        InputError: a value that cannot be used.
    """

    epochs: float
    learning_rate: float
    batch: int

    def __post_init__(self) -> None:
        if not (self.epochs > 0 and self.learning_rate > 0 and self.batch >= 2):
            raise InputError(
                f"a stage cannot run with {self}",
                fix="give epochs and learning rate over 0, a batch of 2 or more",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSettings(RunSettings):
    """What all stages of a dense training share.

    Attributes:
        widths: Matryoshka widths; those wider than the model are left out, its own width is put first.
        width_weights: weight of each width's loss, by width; a width that is not named weighs 1. An index
            holds 64 dimensions unless told otherwise, so these count twice.
        scale: 1 / temperature of the softmax over in-batch negatives.
        mini_batch: rows that go through the model at a time, fewer if long (``losses.TOKENS_AT_ONCE``);
            a larger batch is split by GradCache (Gao et al. 2021, arXiv 2101.06983).
        query_tokens: longest query, in tokens; at most what the model takes.
        item_tokens: longest item.
        dropout: of hidden states and attention. A few epochs do not overfit, and drawing the masks takes a
            quarter of a step on a CPU (Intel Xeon, 2 cores).
        checkpoint_steps: steps between checkpoints, from which an interrupted stage is resumed.
    """

    widths: tuple[int, ...] = WIDTHS
    width_weights: tuple[tuple[int, float], ...] = ((64, 2.0),)
    scale: float = 20.0
    mini_batch: int = 256
    query_tokens: int = 128
    item_tokens: int = 128
    dropout: float = 0.0
    checkpoint_steps: int = 100
    seed: int = 7

    def rules(self) -> Iterable[Rule]:
        """What values must satisfy."""
        return (
            *RunSettings.rules(self),
            ("widths", bool(self.widths) and min(self.widths) >= 1, "one or more widths of 1 or more"),
            ("width_weights", all(w >= 0 for _, w in self.width_weights), "weights of 0 or more"),
            ("scale", self.scale > 0, "more than 0"),
            ("mini_batch", self.mini_batch >= 1, "1 or more"),
            ("query_tokens", self.query_tokens >= 3, "3 or more"),
            ("item_tokens", self.item_tokens >= 3, "3 or more"),
            ("dropout", 0 <= self.dropout < 1, "0 to less than 1"),
            ("checkpoint_steps", self.checkpoint_steps >= 1, "1 or more"),
        )

    def widths_of(self, full: int) -> dict[int, float]:
        """Width to weight for a model of that full width, which comes first."""
        weights = dict(self.width_weights)
        kept = sorted({full, *(width for width in self.widths if width < full)}, reverse=True)
        return {width: weights.get(width, 1.0) for width in kept}
