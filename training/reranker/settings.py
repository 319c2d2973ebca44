"""Everything that decides what a reranker becomes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from training.checked import require
from training.cross_encoder.pooling import Pooling
from training.dense.precision import Precision
from training.plain import plain


@dataclass(frozen=True, slots=True)
class RerankerSettings:
    """A reranker's training. The lists are drawn as a teacher's are, see ``TeacherSettings``.

    Attributes:
        layers: how many of the teacher's the reranker keeps, evenly spread.
        pooling: what makes the score; [CLS] spares most of the last layer.
        share: of the teacher in what is learned, between 0 (grades alone) and 1 (the teacher alone).
        temperature: of the teacher's scores.
        epochs, learning_rate, weight_decay, warmup, batch: of AdamW, as a teacher's.
        dropout: of hidden states and attention.
        list_size, mined, skip, depth: of the lists, as a teacher's.
        max_tokens: longest query and item together, in tokens.
        precision: of the arithmetic; seed: of everything that is drawn.

    Raises:
        InputError: a value that cannot be used.
    """

    layers: int = 3
    pooling: Pooling = Pooling.CLS
    share: float = 0.7
    temperature: float = 1.0
    epochs: int = 4
    learning_rate: float = 2e-4
    weight_decay: float = 0.01
    warmup: float = 0.1
    dropout: float = 0.0
    list_size: int = 16
    mined: int = 8
    skip: int = 0
    depth: int = 50
    batch: int = 12
    max_tokens: int = 96
    precision: Precision = Precision.AUTO
    seed: int = 13

    def __post_init__(self) -> None:
        rules = (
            ("layers", self.layers >= 1, "1 or more"),
            ("share", 0 <= self.share <= 1, "0 to 1"),
            ("temperature", self.temperature > 0, "more than 0"),
            ("epochs", self.epochs >= 1, "1 or more"),
            ("learning_rate", self.learning_rate > 0, "more than 0"),
            ("weight_decay", self.weight_decay >= 0, "0 or more"),
            ("warmup", 0 <= self.warmup < 1, "0 to less than 1"),
            ("dropout", 0 <= self.dropout < 1, "0 to less than 1"),
            ("list_size", self.list_size >= 2, "2 or more"),
            ("mined", 0 <= self.mined < self.list_size, "0 to less than list_size"),
            ("batch", self.batch >= 1, "1 or more"),
            ("max_tokens", self.max_tokens >= 5, "5 or more"),
        )
        require(self, rules, "trained")

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for the manifest and for telling two runs apart."""
        held: dict[str, Any] = plain(asdict(self))
        return held
