"""Exact nearest neighbours: what an HNSW graph is measured against. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_CHUNK = 256


def exact_neighbours(
    queries: NDArray[np.float32], items: NDArray[np.float32], ids: Sequence[str], depth: int
) -> list[list[str]]:
    """The ``depth`` items of the highest inner product for each query.

    Args:
        queries: float32 [queries, dims].
        items: float32 [items, dims].
        ids: one per item.
        depth: results per query, fewer if there are fewer items.

    Returns:
        Ids, best first, equal products in order of id.
    """
    depth = min(depth, len(ids))
    names = np.asarray(ids, dtype=object)
    found: list[list[str]] = []
    for start in range(0, len(queries), _CHUNK):
        scores = queries[start : start + _CHUNK] @ items.T
        best = np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
        for row, positions in zip(scores, best, strict=True):
            ranked = sorted((-float(row[at]), str(names[at])) for at in positions)
            found.append([name for _, name in ranked])
    return found


def mean_overlap(found: Mapping[str, Sequence[str]], exact: Mapping[str, Sequence[str]], depth: int) -> float:
    """Mean share of each query's exact ``depth`` best that were found within ``depth``; in [0, 1]."""
    shares = [
        len(set(found[query][:depth]) & set(best[:depth])) / len(best[:depth])
        for query, best in exact.items()
        if best
    ]
    return sum(shares) / len(shares)
