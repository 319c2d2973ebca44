"""One HNSW graph measured: build, size, recall and latency."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from aisle.encoder import DenseEncoder
from aisle.mappings import IndexSettings
from benchmarks import catalogue_hnsw as hnsw
from benchmarks.catalogue_hnsw import Vectors
from benchmarks.catalogue_measured import Asked, Graph, Searched
from benchmarks.catalogue_queries import QuerySet
from benchmarks.latency_table import percentile
from benchmarks.peak_memory import MB, PeakMemory

if TYPE_CHECKING:
    import faiss

DEPTH: Final = 100
BEAMS: Final = (100, 128, 256, 512, 1024)
_WARM: Final = 50


def query_vectors(model: DenseEncoder, queries: QuerySet, dims: int) -> Vectors:
    """float32 [queries, dims], encoded one at a time, as a search encodes them."""
    return np.concatenate([model.encode_queries([text], dims) for text in queries.texts])


def measure_graph(
    model: DenseEncoder,
    vectors: Vectors,
    sets: Sequence[tuple[QuerySet, Vectors]],
    settings: IndexSettings,
    baseline: int,
) -> Graph:
    """Build a graph over the vectors and ask it everything.

    Args:
        model: encodes the queries again where the whole way is timed.
        vectors: float32 [products, dims].
        sets: the queries and their vectors.
        settings: the graph's own.
        baseline: resident bytes that memory is counted from.
    """
    with PeakMemory() as memory:
        graph, seconds = hnsw.build(vectors, settings)
    searched: list[Searched] = []
    asked: list[Asked] = []
    for queries, rows in sets:
        nearest = hnsw.exact(rows, vectors, DEPTH)
        for beam in BEAMS:
            hnsw.search(graph, rows[:_WARM], DEPTH, beam)
            found, times = hnsw.search(graph, rows, DEPTH, beam)
            at_10, at_100 = (hnsw.recall(found, nearest, depth) for depth in (10, DEPTH))
            searched.append(Searched(queries.name, beam, at_10, at_100, *_p50_p99(times)))
        graph.hnsw.efSearch = settings.ef_search
        with hnsw.one_thread():
            times = [_whole_way(model, graph, text, vectors.shape[1]) for text in queries.texts]
        asked.append(Asked(queries.name, *_p50_p99(times)))
    return Graph(
        products=len(vectors),
        build_s=seconds,
        size_bytes=hnsw.file_bytes(graph),
        memory_mb=(memory.peak - baseline) / MB,
        searched=searched,
        asked=asked,
    )


def _whole_way(model: DenseEncoder, graph: faiss.IndexHNSWFlat, text: str, dims: int) -> float:
    started = time.perf_counter()
    graph.search(model.encode_queries([text], dims), DEPTH)
    return (time.perf_counter() - started) * 1000


def _p50_p99(milliseconds: Sequence[float]) -> tuple[float, float]:
    return percentile(milliseconds, 0.50), percentile(milliseconds, 0.99)
