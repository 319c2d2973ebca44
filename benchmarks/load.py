"""The same encoded documents, ready for every way of loading them, and an index made the same for each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from opensearchpy import OpenSearch

from aisle.errors import IndexingFailed
from aisle.indexer import ItemEncoder, PipelineOptions
from aisle.indexer.bulk import Line, pack, serialise
from aisle.indexer.pipeline import Vectors
from aisle.mappings import IndexMeta, IndexSettings, VectorSpace, fields, index_body
from aisle.mappings.document import document
from aisle.types import Item

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
