"""How many weights a sparse vector keeps."""

from __future__ import annotations

from dataclasses import dataclass

from records import InputError

# OpenSearch refuses queries of more clauses.
MAX_QUERY_TOKENS = 1024


@dataclass(frozen=True, slots=True)
class Pruning:
    """Two limits for items, which decide what the index costs, and two for queries, which decide their time.

    Attributes:
        max_tokens_item: of an item the heaviest so many tokens are kept.
        min_weight_item: and of these those of at least that weight.
        max_tokens_query: of a query the heaviest so many are kept.
        keep_ratio_query: and of these those of at least that share of the heaviest one's weight.

    Raises:
        InputError: a value that keeps nothing.
    """

    max_tokens_item: int = 128
    min_weight_item: float = 0.01
    max_tokens_query: int = 64
    keep_ratio_query: float = 0.1

    def __post_init__(self) -> None:
        if self.max_tokens_item < 1 or not 1 <= self.max_tokens_query <= MAX_QUERY_TOKENS:
            raise InputError(
                f"{self.max_tokens_item} tokens of items, {self.max_tokens_query} of queries cannot be kept",
                fix=f"keep 1 or more of an item's, 1 to {MAX_QUERY_TOKENS} of a query's",
            )
        if not self.min_weight_item > 0 or not 0 <= self.keep_ratio_query <= 1:
            raise InputError(
                f"weights from {self.min_weight_item} or a share of {self.keep_ratio_query} cannot be kept",
                fix="give a weight above 0, and a share of 0 to 1",
            )
