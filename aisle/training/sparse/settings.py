"""Everything that decides what a sparse encoder becomes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from aisle.training.common.settings import FitSettings, Rule


class QuerySide(Enum):
    """How queries get their weights.

    ``INFERENCE_FREE``: a weight per token, begun at its inverse document frequency and learned with the
    model; none is run for a query (Geng et al. 2024, arXiv 2411.04403).
    ``MODEL``: the model reads queries too.
    """

    INFERENCE_FREE = "inference_free"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseSettings(FitSettings):
    """A sparse encoder's training on a BERT backbone.

    The learning rates of the head rise and fall with the backbone's ``learning_rate``.

    Attributes:
        query_side: how queries get their weights.
        titles: epochs of pseudo-queries from titles, one for each item, before the pairs; 0 for none.
        per_pair: mined negatives of each pair, which are those of the other pairs of its batch too.
        matrix_rate: peak learning rate of the head's matrices.
        vector_rate: peak learning rate of its biases and gains, and of the logarithms of the query weights.
        scale: what scores are multiplied by before the softmax over the items of a batch.
        flops: weight of the FLOPS penalty (Paria et al. 2020, arXiv 2004.05665) on items.
        query_flops: the same on queries, with ``MODEL`` alone. Both rise with the square of the step.
        flops_warmup: share of the run over which the penalties rise.
        leak: share of the gradient that reaches a token whose weight is 0 and should not be.
        start_active: tokens that an untrained head gives weights to, as a multiple of a text's own.
        skip: first ranks of the candidates that are not mined from.
        depth: last rank of the candidates that is mined from.
        max_tokens: longest text, in tokens.

    Raises:
        InputError: a value that cannot be used; names it.
    """

    query_side: QuerySide = QuerySide.INFERENCE_FREE
    titles: int = 1
    epochs: int = 1
    per_pair: int = 1
    learning_rate: float = 5e-5
    matrix_rate: float = 2e-4
    vector_rate: float = 2e-3
    scale: float = 0.5
    flops: float = 0.03
    query_flops: float = 0.01
    flops_warmup: float = 0.33
    leak: float = 0.2
    start_active: float = 1.5
    skip: int = 0
    depth: int = 50
    max_tokens: int = 64

    def rules(self) -> Iterable[Rule]:
        """What values must satisfy."""
        return (
            *FitSettings.rules(self),
            ("titles", self.titles >= 0, "0 or more"),
            ("epochs", self.epochs >= 1, "1 or more"),
            ("batch", self.batch >= 2, "2 or more"),
            ("per_pair", self.per_pair >= 0, "0 or more"),
            ("matrix_rate", self.matrix_rate >= 0, "0 or more"),
            ("vector_rate", self.vector_rate >= 0, "0 or more"),
            ("scale", self.scale > 0, "more than 0"),
            ("flops", self.flops >= 0, "0 or more"),
            ("query_flops", self.query_flops >= 0, "0 or more"),
            ("flops_warmup", 0 <= self.flops_warmup <= 1, "0 to 1"),
            ("leak", 0 <= self.leak <= 1, "0 to 1"),
            ("start_active", self.start_active > 0, "more than 0"),
            ("depth", 0 <= self.skip < self.depth, "more than skip"),
            ("max_tokens", self.max_tokens >= 3, "3 or more"),
        )
