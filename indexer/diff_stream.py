"""Every document of a release in order of id, page by page: memory stays flat however many there are."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import opensearchpy

from indexer.diff_documents import Document
from indexer.retries import RetryPolicy, until_done
from mappings import fields

_PAGE: Final = 1_000
# Renewed by every page.
_KEEP_ALIVE: Final = "5m"
# Numbers for machines; two runs of one model need not agree to the last digit.
_VECTORS: Final = frozenset({"knn_vector", "rank_features", "sparse_vector"})


def vector_fields(mapping: Mapping[str, Any]) -> list[str]:
    """The fields of a mapping that hold vectors."""
    properties: Mapping[str, Any] = mapping.get("properties", {})
    return sorted(name for name, body in properties.items() if body.get("type") in _VECTORS)


@contextmanager
def documents(
    client: opensearchpy.OpenSearch,
    release: str,
    without: Sequence[str],
    policy: RetryPolicy,
    page: int = _PAGE,
) -> Iterator[Iterator[Document]]:
    """A stream of (id, source), as the release was at this moment, closed with the block.

    Args:
        client: connection.
        release: index.
        without: fields to leave out.
        policy: for each request.
        page: documents per request.
    """
    stop = threading.Event()
    opening = partial(client.create_pit, index=release, params={"keep_alive": _KEEP_ALIVE})
    pit = until_done(opening, policy, stop)["pit_id"]
    try:
        yield _pages(client, pit, without, policy, page)
    finally:
        client.delete_pit(body={"pit_id": [pit]})


def _pages(
    client: opensearchpy.OpenSearch, pit: str, without: Sequence[str], policy: RetryPolicy, page: int
) -> Iterator[Document]:
    body: dict[str, Any] = {
        "size": page,
        "query": {"match_all": {}},
        "pit": {"id": pit, "keep_alive": _KEEP_ALIVE},
        "sort": [{fields.ID: "asc"}],
        "_source": {"excludes": list(without)},
        "track_total_hits": False,
    }
    while True:
        answer = until_done(partial(client.search, body=body), policy, threading.Event())
        hits = answer["hits"]["hits"]
        for hit in hits:
            yield hit["_id"], hit["_source"]
        if len(hits) < page:
            return
        body["search_after"] = hits[-1]["sort"]
