"""Everything that decides what a distillation makes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from training.checked import require
from training.dense.precision import Precision


@dataclass(frozen=True, slots=True)
class StudentSettings:
    """A distillation.

    Attributes:
        keep: numbers of the teacher's layers that the student begins with, rising.
        widths: Matryoshka widths at which vectors are compared, with the full one; wider ones are left out.
        similarity: weight of the divergence between the batch's similarities (Passalis and Tefas 2018,
            arXiv 1803.10837) beside that of the cosine distance, which is 1; 0 leaves it out.
        scale: 1 / temperature of the softmax over those similarities.
        epochs, batch, learning_rate, warmup (share of the steps), weight_decay, max_grad_norm: AdamW's.
        tokens: longest text, in tokens.
        precision: of the arithmetic; seed: of everything that is drawn.

    Raises:
        InputError: a value that cannot be used; names it.
    """

    keep: tuple[int, ...] = (0, 2, 5)
    widths: tuple[int, ...] = (256, 128, 64, 32)
    similarity: float = 1.0
    scale: float = 20.0
    epochs: float = 4
    batch: int = 128
    learning_rate: float = 2e-4
    warmup: float = 0.1
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    tokens: int = 64
    precision: Precision = Precision.AUTO
    seed: int = 7

    def __post_init__(self) -> None:
        rising = list(self.keep) == sorted(set(self.keep)) and min(self.keep, default=-1) >= 0
        rules = (
            ("keep", rising, "one or more rising layer numbers from 0"),
            ("widths", all(width >= 1 for width in self.widths), "widths of 1 or more"),
            ("similarity", self.similarity >= 0, "0 or more"),
            ("scale", self.scale > 0, "more than 0"),
            ("epochs", self.epochs > 0, "more than 0"),
            ("batch", self.batch >= 2, "2 or more"),
            ("learning_rate", self.learning_rate > 0, "more than 0"),
            ("warmup", 0 <= self.warmup < 1, "0 to less than 1"),
            ("weight_decay", self.weight_decay >= 0, "0 or more"),
            ("max_grad_norm", self.max_grad_norm > 0, "more than 0"),
            ("tokens", self.tokens >= 3, "3 or more"),
        )
        require(self, rules, "distilled")

    def widths_of(self, full: int) -> tuple[int, ...]:
        """For a model of that full width, which comes first."""
        return tuple(sorted({full, *(width for width in self.widths if width < full)}, reverse=True))

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for the manifest."""
        return {
            **asdict(self),
            "keep": list(self.keep),
            "widths": list(self.widths),
            "precision": self.precision.value,
        }
