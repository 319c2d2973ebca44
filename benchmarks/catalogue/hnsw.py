"""FAISS HNSW graphs as OpenSearch's faiss engine builds them from our mapping; exact search beside them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.cpu import cores
from aisle.errors import MissingExtra
from aisle.mappings import IndexSettings

if TYPE_CHECKING:
    import faiss

Vectors = NDArray[np.float32]
Positions = NDArray[np.int64]


def build(vectors: Vectors, settings: IndexSettings) -> tuple[faiss.IndexHNSWFlat, float]:
    """A graph over all vectors by inner product, on every core, and the seconds that took.

    Raises:
        MissingExtra: faiss is not installed.
    """
    library = require_faiss()
    graph: faiss.IndexHNSWFlat = library.IndexHNSWFlat(
        vectors.shape[1], settings.m, library.METRIC_INNER_PRODUCT
    )
    graph.hnsw.efConstruction = settings.ef_construction
    graph.hnsw.efSearch = settings.ef_search
    with _threads(cores()):
        started = time.perf_counter()
        graph.add(vectors)
        return graph, time.perf_counter() - started


def file_bytes(graph: faiss.IndexHNSWFlat) -> int:
    """Its size as a file, in bytes; the file is removed."""
    with tempfile.TemporaryDirectory(prefix="aisle-hnsw-") as folder:
        path = Path(folder) / "graph.faiss"
        require_faiss().write_index(graph, str(path))
        return path.stat().st_size


def exact(queries: Vectors, vectors: Vectors, depth: int) -> Positions:
    """Positions of the ``depth`` vectors of the highest inner product, best first; int64 [queries, depth]."""
    library = require_faiss()
    with _threads(cores()):
        found: Positions = library.knn(queries, vectors, depth, library.METRIC_INNER_PRODUCT)[1]
    return found


def search(
    graph: faiss.IndexHNSWFlat, queries: Vectors, depth: int, ef_search: int
) -> tuple[Positions, list[float]]:
    """Ask one query after the other on one thread.

    Returns:
        Positions, int64 [queries, depth], -1 where nothing was found; milliseconds of each query.
    """
    found = np.empty((len(queries), depth), dtype=np.int64)
    milliseconds = []
    with one_thread():
        graph.hnsw.efSearch = ef_search
        for row in range(len(queries)):
            started = time.perf_counter()
            found[row] = graph.search(queries[row : row + 1], depth)[1][0]
            milliseconds.append((time.perf_counter() - started) * 1000)
    return found, milliseconds


def recall(found: Positions, nearest: Positions, depth: int) -> float:
    """Mean share of the exact ``depth`` nearest, row by row, that are among the first ``depth`` found."""
    shares = [np.isin(best[:depth], got[:depth]).mean() for got, best in zip(found, nearest, strict=True)]
    return float(np.mean(shares))


@contextmanager
def one_thread() -> Iterator[None]:
    """FAISS on one thread within the block, as a search has it."""
    with _threads(1):
        yield


@contextmanager
def _threads(count: int) -> Iterator[None]:
    library = require_faiss()
    before = library.omp_get_max_threads()
    library.omp_set_num_threads(count)
    try:
        yield
    finally:
        library.omp_set_num_threads(before)


def require_faiss() -> ModuleType:
    """The library. Raises MissingExtra if it is not installed."""
    try:
        import faiss
    except ModuleNotFoundError as error:
        raise MissingExtra("faiss", extra="train") from error
    return faiss
