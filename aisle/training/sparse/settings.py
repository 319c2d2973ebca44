"""Everything that decides what a sparse encoder becomes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from aisle.training.common.settings import TrainingPrecision, require_valid


class QuerySide(Enum):
    """How queries get their weights.

    ``INFERENCE_FREE``: a weight per token, begun at its inverse document frequency and learned with the
    model; none is run for a query (Geng et al. 2024, arXiv 2411.04403).
    ``MODEL``: the model reads queries too.
    """

    INFERENCE_FREE = "inference_free"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class SparseSettings:
    """A sparse encoder's training.

    Attributes:
        base, revision: the BERT backbone, see ``run_folder.starting_point``; the revision is the hub's.
        query_side: see there.
        titles: epochs of pseudo-queries from titles, one for each item, before the pairs; 0 leaves them out.
        epochs: times that every pair is seen.
        batch: pairs of an optimizer step; per_pair: mined negatives of each, which are the others' too.
        learning_rate: of the backbone; matrix_rate: of the head's matrices; vector_rate: of its biases and
            gains and of the logarithms of the query weights. All rise over ``warmup``, a share of the steps,
            and fall linearly to 0.
        scale: what scores are multiplied by before the softmax over the items of a batch.
        flops: weight of the FLOPS penalty (Paria et al. 2020, arXiv 2004.05665) on items; query_flops: on
            queries, with ``MODEL`` alone. Both rise with the square of the step over ``flops_warmup``, a
            share of the run.
        leak: see ``aisle.training.sparse.model``.
        start_active: tokens that an untrained head gives weights to, as a multiple of a text's own.
        skip, depth: ranks of the candidates to mine from, see ``NegativeOptions``.
        max_tokens: longest text, in tokens.
        weight_decay, max_grad_norm: AdamW's and of the clipping.
        precision: of the arithmetic; seed: of everything that is drawn.

    Raises:
        InputError: a value that cannot be used.
    """

    base: str = "all-MiniLM-L6-v2"
    revision: str | None = None
    query_side: QuerySide = QuerySide.INFERENCE_FREE
    titles: int = 1
    epochs: int = 1
    batch: int = 64
    per_pair: int = 1
    learning_rate: float = 5e-5
    matrix_rate: float = 2e-4
    vector_rate: float = 2e-3
    warmup: float = 0.1
    scale: float = 0.5
    flops: float = 0.03
    query_flops: float = 0.01
    flops_warmup: float = 0.33
    leak: float = 0.2
    start_active: float = 1.5
    skip: int = 0
    depth: int = 50
    max_tokens: int = 64
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    precision: TrainingPrecision = TrainingPrecision.AUTO
    seed: int = 13

    def __post_init__(self) -> None:
        rules = (
            ("titles", self.titles >= 0, "0 or more"),
            ("epochs", self.epochs >= 1, "1 or more"),
            ("batch", self.batch >= 2, "2 or more"),
            ("per_pair", self.per_pair >= 0, "0 or more"),
            ("learning_rate", self.learning_rate > 0, "more than 0"),
            ("matrix_rate", self.matrix_rate >= 0, "0 or more"),
            ("vector_rate", self.vector_rate >= 0, "0 or more"),
            ("warmup", 0 <= self.warmup < 1, "0 to less than 1"),
            ("scale", self.scale > 0, "more than 0"),
            ("flops", self.flops >= 0, "0 or more"),
            ("query_flops", self.query_flops >= 0, "0 or more"),
            ("flops_warmup", 0 <= self.flops_warmup <= 1, "0 to 1"),
            ("leak", 0 <= self.leak <= 1, "0 to 1"),
            ("start_active", self.start_active > 0, "more than 0"),
            ("depth", 0 <= self.skip < self.depth, "more than skip"),
            ("max_tokens", self.max_tokens >= 3, "3 or more"),
            ("weight_decay", self.weight_decay >= 0, "0 or more"),
            ("max_grad_norm", self.max_grad_norm > 0, "more than 0"),
        )
        require_valid(self, rules, "trained")

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for the manifest."""
        return {**asdict(self), "query_side": self.query_side.value, "precision": self.precision.value}
