"""The same documents into a fresh index, under one way to load: what the node's processors had to do."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from opensearchpy import OpenSearch

from aisle.errors import IndexingFailed
from aisle.indexer.bulk import FILTER_PATH, Line, pack, serialise
from aisle.indexer.vectors import stored_as
from aisle.mappings import IndexMeta, IndexSettings, fields, index_body
from aisle.mappings.document import document
from aisle.mappings.vector_types import AS_FP32, FITTED_TO, VectorStorage
from benchmarks.plan_check.table import IndexFiles, index_files
from benchmarks.scale.load import engine_seconds, node_cpu_s
from benchmarks.vectors.ways import Way
from benchmarks.vectors.work import Products

INDEX: Final = "benchmark-vectors"
_BATCH: Final = 4096
_MAX_BYTES: Final = 6_000_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """Attributes:
    seconds: from the first request until all is searchable, and merged if that was asked.
    node_cpu_s: CPU seconds of the node's process in them, merges that went on behind them included.
    merge_s: seconds of threads that merged.
    files: of the index.
    meta: by which it is searched.
    """

    seconds: float
    node_cpu_s: float
    merge_s: float
    files: IndexFiles
    meta: IndexMeta


@contextmanager
def loaded(client: OpenSearch, engine: str, products: Products, way: Way) -> Iterator[Loaded]:
    """An index with all products, which is there within the block."""
    encoder = products.encoder(way.dims)
    storage = AS_FP32
    if way.dims:
        rows = encoder.encode(products.items[:FITTED_TO])[fields.DENSE]
        storage = VectorStorage.fitted(way.kept_as, np.asarray(rows))
    settings = IndexSettings(
        dims=way.dims or IndexSettings().dims,
        engine=engine,
        m=way.m,
        ef_construction=way.ef_construction,
        refresh_interval="-1",
        vectors=storage,
    )
    meta = IndexMeta(INDEX, encoder.spaces, engine, (), features=settings.features, vectors=storage)
    body = index_body(settings, meta)
    body["settings"]["index"].update(way.loading)
    bodies = _bodies(products, way, storage)
    client.indices.delete(index=INDEX, params={"ignore_unavailable": "true"})
    before, started = node_cpu_s(client), time.perf_counter()
    client.indices.create(index=INDEX, body=body)
    try:
        _send(client, bodies, way.writers)
        client.indices.refresh(index=INDEX)
        if way.loading:
            client.indices.put_settings(index=INDEX, body={"index": dict.fromkeys(way.loading)})
        if way.merged:
            client.indices.forcemerge(index=INDEX, params={"max_num_segments": 1})
            client.indices.refresh(index=INDEX)
        seconds = time.perf_counter() - started
        _await_merges(client)
        found = client.count(index=INDEX)["count"]
        if found != len(products.items):
            raise IndexingFailed(
                f"{found} of {len(products.items)} documents arrived", fix="run the benchmark again"
            )
        yield Loaded(
            seconds=seconds,
            node_cpu_s=node_cpu_s(client) - before,
            merge_s=engine_seconds(client, INDEX)["merge"],
            files=index_files(client, INDEX),
            meta=meta,
        )
    finally:
        client.indices.delete(index=INDEX)


def _bodies(products: Products, way: Way, storage: VectorStorage) -> list[bytes]:
    encode = stored_as(products.encoder(way.dims), storage).encode
    lines: list[Line] = []
    for start in range(0, len(products.items), _BATCH):
        batch = products.items[start : start + _BATCH]
        columns = encode(batch)
        for row, item in enumerate(batch):
            line = serialise(item.id, document(item, {name: column[row] for name, column in columns.items()}))
            if isinstance(line, Line):
                lines.append(line)
    return [body.payload for body in pack(lines, max_bytes=_MAX_BYTES, max_docs=way.body_docs)]


def _send(client: OpenSearch, bodies: list[bytes], writers: int) -> None:
    def send(body: bytes) -> None:
        answer = client.bulk(index=INDEX, body=body, params={"filter_path": FILTER_PATH})
        if answer["errors"]:
            raise IndexingFailed("a document was refused", fix="run the benchmark again")

    with ThreadPoolExecutor(writers) as pool:
        deque(pool.map(send, bodies), maxlen=0)


_POLL_S: Final = 0.5


def _await_merges(client: OpenSearch) -> None:
    while client.indices.stats(index=INDEX, metric="merge")["_all"]["primaries"]["merges"]["current"]:
        time.sleep(_POLL_S)
