"""Encodes a stream of products and looks at clock and memory at every size."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from aisle.catalogue import ReadOptions
from aisle.catalogue.rejects import Rejects
from aisle.catalogue.seen import SeenIds
from aisle.catalogue.tables import open_table
from aisle.encoder import DenseEncoder, query_text
from aisle.encoder.base import WINDOW
from aisle.errors import InputError
from aisle.evaluation import read_judged_set
from aisle.mappings import IndexSettings
from benchmarks.catalogue import hnsw
from benchmarks.catalogue.hnsw import Vectors
from benchmarks.harness.parts import MB, PeakMemory, dataset
from benchmarks.search_latency.table import percentile

if TYPE_CHECKING:
    import faiss


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


def encode_in_steps(
    model: DenseEncoder,
    texts: Iterator[str],
    sizes: Sequence[int],
    vectors: NDArray[np.float32],
    baseline: int,
) -> Iterator[Encoded]:
    """Encode texts in their order, a window at a time, and stop at every size.

    Args:
        model: the encoder, on all its threads.
        texts: a stream of products.
        sizes: where to stop, ascending.
        vectors: float32 [sizes[-1], dims], filled row by row.
        baseline: resident bytes that memory is counted from.

    Yields:
        What it took from the first product to each size; the rows before it are then filled.

    Raises:
        InputError: the stream ends early, or two texts are equal but for case.
    """
    seen = SeenIds()
    seconds, done = 0.0, 0
    for size in sizes:
        with PeakMemory() as memory, _bar() as bar:
            task = bar.add_task("encode", total=sizes[-1], completed=done, rate=0.0)
            while done < size:
                window = list(islice(texts, min(WINDOW, size - done)))
                _check(window, seen)
                started = time.perf_counter()
                vectors[done : done + len(window)] = model.encode_items(window, vectors.shape[1])
                seconds += time.perf_counter() - started
                done += len(window)
                bar.update(task, completed=done, rate=done / seconds)
        yield Encoded(size, seconds, (memory.peak - baseline) / MB)


def _check(window: Sequence[str], seen: SeenIds) -> None:
    """The catalogue's promise, held to every product that is counted."""
    if not window:
        raise InputError(f"the catalogue ends after {len(seen):,} products", fix="ask for fewer products")
    for text in window:
        if not seen.add(text.casefold()):
            raise InputError(f"two products are called {text!r}", fix="mend benchmarks/catalogue_products.py")


def _bar() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:,.0f} products/s"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True))


SHOPPERS: Final = "homedepot dev queries"
REVIEWS: Final = "amazon2023 reviews"
_SPLITS: Final = ("dev", "train")
_MIN_CHARS: Final = 40


@dataclass(frozen=True, slots=True)
class QuerySet:
    """Attributes:
    name: as the tables call it.
    texts: what the encoder reads.
    """

    name: str
    texts: tuple[str, ...]


def query_sets(count: int) -> tuple[QuerySet, ...]:
    """Evenly chosen ``count`` of the queries of homedepot's dev split, and of amazon2023's reviews.

    No judgment is looked at: what counts here is how long the texts are, and where they point.

    Raises:
        InputError: the data is not there.
    """
    typed = [query_text(query.text) for query in read_judged_set(dataset("homedepot"), "dev").queries]
    return QuerySet(SHOPPERS, evenly(typed, count)), QuerySet(REVIEWS, evenly(list(_reviews()), count))


def evenly(texts: Sequence[str], count: int) -> tuple[str, ...]:
    """``count`` of the texts at even distances, all of them if there are fewer."""
    wanted = min(count, len(texts))
    return tuple(texts[number * len(texts) // wanted] for number in range(wanted))


def _reviews() -> Iterator[str]:
    """Reviews of over 40 characters, as the paper's setting has them (arXiv 2602.00899)."""
    folder = dataset("reviews/amazon2023")
    for split in _SPLITS:
        for row in open_table(folder / f"{split}.jsonl.gz", ReadOptions()).rows(Rejects()):
            text = query_text(str(row.cells.get("review") or ""))
            if len(text) > _MIN_CHARS:
                yield text


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
