"""What the catalogue benchmark measures at one size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Encoded:
    """The first so many products of the catalogue, encoded.

    Attributes:
        products: how many.
        seconds: in the encoder, from the first product; making the titles is not in it.
        memory_mb: the most that was taken above the imported program until then, MB.
    """

    products: int
    seconds: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Searched:
    """One set of queries against one graph, one at a time on one thread.

    Attributes:
        queries: name of the set.
        ef_search: query-time beam.
        recall_10, recall_100: mean share of the exact 10 and 100 nearest that were found.
        p50_ms, p99_ms: of the search alone, for 100 neighbours.
    """

    queries: str
    ef_search: int
    recall_10: float
    recall_100: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Asked:
    """One set of queries from text to neighbours, at the index's own ``ef_search``.

    Attributes:
        queries: name of the set.
        p50_ms, p99_ms: encoding and search together.
    """

    queries: str
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Graph:
    """An HNSW graph with its vectors.

    Attributes:
        products: how many.
        build_s: seconds to add them all.
        size_bytes: as a file.
        memory_mb: the most that the process took above the imported program while building, MB.
        searched: every set at every beam.
        asked: every set.
    """

    products: int
    build_s: float
    size_bytes: int
    memory_mb: float
    searched: Sequence[Searched]
    asked: Sequence[Asked]
