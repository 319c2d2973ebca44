"""Everything that decides what a teacher becomes."""

from __future__ import annotations

from dataclasses import dataclass

from training.checked import require
from training.cross_encoder.losses import TeacherLoss
from training.dense.precision import Precision


@dataclass(frozen=True, slots=True)
class TeacherSettings:
    """A teacher's training.

    Attributes:
        base, revision: the BERT backbone, see ``training.export.weights.find_weights``.
        loss: over a query's list of items.
        epochs: times that every query is seen, each time with other mined negatives.
        learning_rate: its peak, after the warmup; it falls linearly to 0. weight_decay: AdamW's.
        warmup: share of all steps.
        list_size: most items of a query's list.
        mined: items of a list that are mined and count as grade 0, at least; judged items fill the rest, and
            what they leave is mined too.
        skip, depth: ranks of the candidates to mine from, see ``NegativeOptions``.
        batch: lists of an optimizer step.
        max_tokens: longest query and item together, in tokens.
        precision: of the arithmetic; seed: of everything that is drawn.

    Raises:
        InputError: a value that cannot be used.
    """

    base: str = "all-MiniLM-L6-v2"
    revision: str | None = None
    loss: TeacherLoss = TeacherLoss.LISTNET
    epochs: int = 2
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    warmup: float = 0.1
    list_size: int = 12
    mined: int = 4
    skip: int = 0
    depth: int = 30
    batch: int = 12
    max_tokens: int = 96
    precision: Precision = Precision.AUTO
    seed: int = 11

    def __post_init__(self) -> None:
        rules = (
            ("epochs", self.epochs >= 1, "1 or more"),
            ("learning_rate", self.learning_rate > 0, "more than 0"),
            ("weight_decay", self.weight_decay >= 0, "0 or more"),
            ("warmup", 0 <= self.warmup < 1, "0 to less than 1"),
            ("list_size", self.list_size >= 2, "2 or more"),
            ("mined", 0 <= self.mined < self.list_size, "0 to less than list_size"),
            ("batch", self.batch >= 1, "1 or more"),
            ("max_tokens", self.max_tokens >= 5, "5 or more"),
        )
        require(self, rules, "trained")
