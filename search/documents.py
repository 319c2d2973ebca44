"""The documents of a page, back as the items they were made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opensearchpy import OpenSearch

from cluster import translated_errors
from mappings.item_of import item_of
from records import Item
from search.request import documents_body


@dataclass(frozen=True, slots=True)
class Fetched:
    """Items by id (those deleted meanwhile are absent) and the server's ``took``."""

    items: Mapping[str, Item]
    server_ms: float


def fetch_items(client: OpenSearch, release: str, ids: Sequence[str]) -> Fetched:
    """Fetch a page from the very release that ranked it, so that no page mixes two releases."""
    if not ids:
        return Fetched({}, 0.0)
    with translated_errors():
        answer = client.search(index=release, body=documents_body(ids))
    hits = answer["hits"]["hits"]
    return Fetched({hit["_id"]: item_of(hit["_id"], hit["_source"]) for hit in hits}, float(answer["took"]))
