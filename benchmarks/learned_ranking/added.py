"""Features of candidates that the index is not asked for, tried on rankers: those of whole vectors. Pure.

They stand in the columns of business signals, of which judged catalogues have none: more of each can only be
better there, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.search.rank.features import FEATURES
from aisle.search.rank.scores import SIGNALS
from aisle.training.ranking.table import RankingTable

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]

PLACES: Final = tuple([each.name for each in FEATURES].index(f"signal: {name}") for name in SIGNALS)
_BEST: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """A table, and which items its rows are.

    Attributes:
        table: of Q queries and N candidates; items: int64 [N], places in the catalogue.
    """

    table: RankingTable
    items: NDArray[np.int64]


def with_columns(table: RankingTable, columns: Sequence[Floats]) -> RankingTable:
    """The table with features of its own, float64 [N] each, at most as many as there are signals.

    Raises:
        ValueError: too many of them, or the catalogue has business signals.
    """
    taken = list(PLACES[: len(columns)])
    if len(columns) > len(PLACES) or np.nan_to_num(table.rows[:, taken]).any():
        raise ValueError("there is no room for these features")
    rows = table.rows.copy()
    rows[:, taken] = np.column_stack(columns) if columns else rows[:, taken]
    return replace(table, rows=rows)


def cosines(found: Candidates, queries: Vectors, items: Vectors) -> Floats:
    """float64 [N], of each candidate with its query.

    Args:
        found: of Q queries.
        queries: float32 [Q, d], unit rows.
        items: float32 [catalogue, d], unit rows.
    """
    owners = np.repeat(np.arange(len(queries)), found.table.sizes)
    return _products(queries, owners, items, found.items)


def likeness(found: Candidates, items: Vectors) -> Floats:
    """float64 [N], of each candidate with the mean of the first ten of its query, itself left out."""
    told = np.zeros(len(found.items))
    for first, last in pairwise(found.table.bounds.tolist()):
        rows = items[found.items[first:last]]
        weights = 1 / np.log2(2.0 + np.arange(min(_BEST, last - first)))
        total = weights @ rows[:_BEST]
        sums = rows @ total
        sums[: len(weights)] -= weights
        rest = np.full(last - first, weights.sum())
        rest[: len(weights)] -= weights
        told[first:last] = sums / np.maximum(rest, 1e-9)
    return told


_AT_ONCE: Final = 100_000


def _products(
    left: Vectors, left_at: NDArray[np.int64], right: Vectors, right_at: NDArray[np.int64]
) -> Floats:
    told = np.empty(len(left_at))
    for first in range(0, len(told), _AT_ONCE):
        span = slice(first, first + _AT_ONCE)
        told[span] = np.einsum("ij,ij->i", left[left_at[span]], right[right_at[span]])
    return told
