"""Nearest neighbours by the dense leg of a real OpenSearch index that is made for it and goes again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from opensearchpy import OpenSearch

from cluster import translated_errors
from indexer import IndexOptions, ItemEncoder, RetryPolicy, index_catalogue
from indexer.stages import Vectors
from indexer.state_index import StateIndex
from mappings import DENSE, VectorSpace, fields
from records import Item
from search import DenseLeg, Question
from search.candidates import leg_results
from search.request import candidates_body

Floats = NDArray[np.float32]
# What is left over of a name that nobody uses again is no reason to wait.
_TIDY = RetryPolicy(deadline_s=5, request_timeout_s=5)


def index_neighbours(
    client: OpenSearch, queries: Floats, items: Floats, ids: Sequence[str], depth: int
) -> list[list[str]]:
    """What the dense leg finds for each query in an index of these vectors, made as `aisle index` makes it.

    Args:
        client: of a cluster with room for the vectors.
        queries: float32 [queries, dims], unit rows.
        items: float32 [items, dims], unit rows.
        ids: one per item.
        depth: results per query.

    Returns:
        Ids, best first, equal scores in order of id.

    Raises:
        ClusterError, IndexingError: see ``index_catalogue``; the index is deleted then too.
    """
    depth = min(depth, len(ids))
    # A vector's position is its document's id: whatever the catalogue's own ids are, OpenSearch takes it.
    shelf = (Item(id=str(position), title=str(position)) for position in range(len(ids)))
    space = VectorSpace("0" * 64, "given vectors", items.shape[1])

    def look_up(batch: Sequence[Item]) -> Vectors:
        return {fields.DENSE: items[[int(item.id) for item in batch]]}

    name = f"aisle-neighbours-{uuid.uuid4().hex[:12]}"
    options = IndexOptions(name, max_refused_share=0.0, fusions=())
    encoder = ItemEncoder({fields.DENSE: space}, look_up)
    try:
        release = index_catalogue(client, shelf, encoder, options).release
        try:
            return [_ask(client, release, query, ids, depth) for query in queries]
        finally:
            with translated_errors():
                client.indices.delete(index=release)
    finally:
        with translated_errors():
            StateIndex(client, name).forget(_TIDY)


def _ask(client: OpenSearch, release: str, query: Floats, ids: Sequence[str], depth: int) -> list[str]:
    body = candidates_body([DenseLeg()], Question("-", {fields.DENSE: query}, (), depth))
    with translated_errors():
        hits = client.search(index=release, body=body)["hits"]["hits"]
    found = leg_results(hits, [DENSE], depth)[DENSE]
    scored = sorted(
        (-score, ids[int(position)]) for position, score in zip(found.ids, found.scores, strict=True)
    )
    return [id_ for _, id_ in scored]
