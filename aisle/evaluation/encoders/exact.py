"""Exact nearest neighbours: what an HNSW graph is measured against. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Neighbours(Protocol):
    """A way to search: ``exact_neighbours``, or an object that knows a graph or an index."""

    def __call__(self, queries: Floats, items: Floats, ids: Sequence[str], depth: int, /) -> list[list[str]]:
        """Ids of the items nearest to each query, best first, equal ones in order of id.

        Args:
            queries: float32 [queries, dims], unit rows.
            items: float32 [items, dims], unit rows.
            ids: one per item.
            depth: results per query, at least 1; fewer come back if there are fewer items.
        """


# 64 MiB of scores: a catalogue of any size fits beside its vectors.
_SCORES_AT_ONCE = 1 << 24


def exact_neighbours(queries: Floats, items: Floats, ids: Sequence[str], depth: int) -> list[list[str]]:
    """The ``depth`` items of the highest inner product for each query.

    Args:
        queries: float32 [queries, dims].
        items: float32 [items, dims].
        ids: one per item.
        depth: results per query, at least 1; fewer come back if there are fewer items.

    Returns:
        Ids, best first, equal products in order of id, also at the cut.
    """
    count = len(ids)
    depth = min(depth, count)
    if not depth:
        return [[] for _ in queries]
    order = id_order(ids)
    chunk = max(1, _SCORES_AT_ONCE // count)
    found: list[list[str]] = []
    for start in range(0, len(queries), chunk):
        scores = queries[start : start + chunk] @ items.T
        least = np.partition(scores, count - depth, axis=1)[:, count - depth]
        for row, cut in zip(scores, least, strict=True):
            at = np.flatnonzero(row >= cut)
            found.append(best_first(row[at], at, ids, order)[:depth])
    return found


def id_order(ids: Sequence[str]) -> NDArray[np.intp]:
    """The rank of each id among all, intp [n]: what ties are broken by."""
    ranks = np.empty(len(ids), dtype=np.intp)
    ranks[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids))
    return ranks


def best_first(
    scores: Floats, at: NDArray[np.intp], ids: Sequence[str], order: NDArray[np.intp]
) -> list[str]:
    """Ids of the items ``at`` these positions by falling score, equal ones by ``order`` (``id_order``)."""
    return [ids[position] for position in at[np.lexsort((order[at], -scores))]]


def mean_overlap(found: Mapping[str, Sequence[str]], exact: Mapping[str, Sequence[str]], depth: int) -> float:
    """Mean share of each query's exact ``depth`` best that were found within ``depth``; in [0, 1]."""
    shares = [
        len(set(found[query][:depth]) & set(best[:depth])) / len(best[:depth])
        for query, best in exact.items()
        if best
    ]
    return sum(shares) / len(shares)
