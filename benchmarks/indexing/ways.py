"""The ways to load a catalogue that are compared; each returns documents per second."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from opensearchpy import OpenSearch, helpers

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.cluster import capabilities, require
from aisle.encoder import DenseEncoder, item_text
from aisle.errors import IndexingFailed
from aisle.indexer import IndexOptions, ItemEncoder, PipelineOptions, index_catalogue
from aisle.indexer.bulk import FILTER_PATH, Line, pack, serialise
from aisle.indexer.vectors import Vectors
from aisle.mappings import IndexMeta, IndexSettings, VectorSpace, fields, index_body
from aisle.mappings.document import document
from aisle.types import Item
from benchmarks.harness.file_to_alias import FileToAlias, in_own_process
from benchmarks.harness.parts import OwnNode

INDEX = "benchmark-load"


@dataclass(frozen=True, slots=True)
class Load:
    """Attributes:
    items: in catalogue order.
    vectors: their vectors, float32 [items, dims].
    documents: the same as plain JSON values, vectors as lists, as opensearch-py's helpers take them.
    bodies: the same as the indexer's own request bodies.
    space: the vectors' space.
    """

    items: Sequence[Item]
    vectors: NDArray[np.float32]
    documents: Sequence[dict[str, Any]]
    bodies: Sequence[bytes]
    space: VectorSpace

    def encoder(self) -> ItemEncoder:
        """Looks the vectors up instead of encoding."""
        rows = {item.id: row for item, row in zip(self.items, self.vectors, strict=True)}

        def look_up(items: Sequence[Item]) -> Vectors:
            return {fields.DENSE: np.stack([rows[item.id] for item in items])}

        return ItemEncoder({fields.DENSE: self.space}, look_up)


def prepare(items: Sequence[Item], vectors: NDArray[np.float32], space: VectorSpace) -> Load:
    """Everything that is not to be timed."""
    sources = [document(item, {fields.DENSE: row}) for item, row in zip(items, vectors, strict=True)]
    lines = [serialise(item.id, source) for item, source in zip(items, sources, strict=True)]
    limits = PipelineOptions()
    whole = [line for line in lines if isinstance(line, Line)]
    bodies = pack(whole, max_bytes=limits.max_body_bytes, max_docs=limits.max_body_docs)
    documents = [
        {"_index": INDEX, "_id": item.id, **source, fields.DENSE: row.tolist()}
        for item, source, row in zip(items, sources, vectors, strict=True)
    ]
    return Load(items, vectors, documents, [body.payload for body in bodies], space)


def seconds_to_refreshed(
    client: OpenSearch, load: Load, engine: str, send: Callable[[OpenSearch, Load], None]
) -> float:
    """Time from the first request to a refreshed index of Aisle's own mapping.

    The index is fresh: one shard, no replicas, no refreshes while loading, as the indexer makes its own.
    Making and deleting it is not in the time; the refresh is.

    Raises:
        IndexingFailed: the index does not hold every document.
    """
    settings = IndexSettings(dims=load.space.dims, engine=engine, refresh_interval="-1")
    meta = IndexMeta(INDEX, {fields.DENSE: load.space}, engine, ())
    client.indices.create(index=INDEX, body=index_body(settings, meta))
    try:
        started = time.perf_counter()
        send(client, load)
        client.indices.refresh(index=INDEX)
        seconds = time.perf_counter() - started
        found = client.count(index=INDEX)["count"]
        if found != len(load.items):
            raise IndexingFailed(
                f"{found} of {len(load.items)} documents arrived", fix="run the benchmark again"
            )
    finally:
        client.indices.delete(index=INDEX)
    return seconds


END_TO_END: Final = "file to swapped alias"
ENCODER: Final = "encoder alone"
BULK: Final = "helpers.bulk"
PARALLEL: Final = "helpers.parallel_bulk x2"
PIPELINE: Final = "Aisle, vectors looked up"
CEILING: Final = "engine alone, bodies ready x2"
WRITERS: Final = 2


@dataclass(slots=True)
class Bench:
    """What every way needs; ``runs`` collects what the end-to-end processes report.

    Attributes:
        client, url: of the benchmark's own node.
        model: the encoder.
        load: the encoded documents.
        folder, dims, limit: what to index end to end.
        engine: k-NN engine.
        runs: one report for each end-to-end run.
    """

    client: OpenSearch
    url: str
    model: DenseEncoder
    load: Load
    folder: Path
    dims: int
    limit: int | None
    engine: str
    runs: list[FileToAlias]

    @classmethod
    def of(cls, node: OwnNode, model: DenseEncoder, data: Path, dims: int, limit: int | None) -> Self:
        """Reads and encodes the first ``limit`` products of ``data``."""
        items = list(read_catalogue(data, ReadOptions(limit=limit)))
        vectors = model.encode_items([item_text(item) for item in items], dims)
        space = VectorSpace(model.fingerprint, model.manifest.name, dims)
        return cls(
            client=node.client,
            url=node.url,
            model=model,
            load=prepare(items, vectors, space),
            folder=data,
            dims=dims,
            limit=limit,
            engine=require(capabilities(node.client)).best_engine,
            runs=[],
        )


def end_to_end(bench: Bench) -> float:
    """Reading, encoding and writing, in a process of its own."""
    name = "benchmark-file"
    run = in_own_process(bench.url, bench.folder, name, bench.dims, bench.limit)
    _drop(bench.client, name)
    bench.runs.append(run)
    return run.documents / run.seconds


def tried_end_to_end(bench: Bench) -> dict[str, float]:
    """The end-to-end run with other settings of the pipeline, once each: documents per second by setting."""
    settings = {
        "512 items encoded at a time": PipelineOptions(batch_items=512),
        "2,048 items encoded at a time": PipelineOptions(batch_items=2048),
        "one writer": PipelineOptions(writers=1),
        "three writers": PipelineOptions(writers=3),
    }
    name = "benchmark-tried"
    found = {}
    for setting, loading in settings.items():
        run = in_own_process(bench.url, bench.folder, name, bench.dims, bench.limit, loading)
        _drop(bench.client, name)
        found[setting] = run.documents / run.seconds
    return found


def encoder_alone(bench: Bench) -> float:
    """All texts in one call."""
    started = time.perf_counter()
    bench.model.encode_items([item_text(item) for item in bench.load.items], bench.dims)
    return len(bench.load.items) / (time.perf_counter() - started)


def pipeline(bench: Bench) -> float:
    """``index_catalogue`` from its first check to the swapped alias, vectors looked up."""
    name = "benchmark-pipeline"
    report = index_catalogue(bench.client, bench.load.items, bench.load.encoder(), IndexOptions(name))
    _drop(bench.client, name)
    return report.docs_per_s


def _sent(send: Callable[[OpenSearch, Load], None]) -> Callable[[Bench], float]:
    def way(bench: Bench) -> float:
        seconds = seconds_to_refreshed(bench.client, bench.load, bench.engine, send)
        return len(bench.load.items) / seconds

    return way


def _bulk(client: OpenSearch, load: Load) -> None:
    helpers.bulk(client, load.documents)


def _parallel(client: OpenSearch, load: Load) -> None:
    deque(helpers.parallel_bulk(client, load.documents, thread_count=WRITERS), maxlen=0)


def _bodies(client: OpenSearch, load: Load) -> None:
    def send(body: bytes) -> None:
        answer = client.bulk(index=INDEX, body=body, params={"filter_path": FILTER_PATH})
        if answer["errors"]:
            raise IndexingFailed("a document was refused", fix="run the benchmark again")

    with ThreadPoolExecutor(WRITERS) as pool:
        deque(pool.map(send, load.bodies), maxlen=0)


def _drop(client: OpenSearch, name: str) -> None:
    for release in client.indices.get(index=f"{name}-v*"):
        client.indices.delete(index=release)


WAYS: Final[Mapping[str, Callable[[Bench], float]]] = {
    END_TO_END: end_to_end,
    ENCODER: encoder_alone,
    BULK: _sent(_bulk),
    PARALLEL: _sent(_parallel),
    PIPELINE: pipeline,
    CEILING: _sent(_bodies),
}
