"""The documents of a page, back as the items they were made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opensearchpy import OpenSearch

from cluster import translated_errors
from mappings import fields
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
    return Fetched({hit["_id"]: read_item(hit["_id"], hit["_source"]) for hit in hits}, float(answer["took"]))


def read_item(id_: str, source: Mapping[str, Any]) -> Item:
    """The item behind a hit's ``_id`` and ``_source``."""
    return Item(
        id=id_,
        title=source.get(fields.TITLE, ""),
        text=source.get(fields.TEXT, ""),
        brand=source.get(fields.BRAND, ""),
        category=source.get(fields.CATEGORY, ""),
        price=source.get(fields.PRICE),
        image=source.get(fields.IMAGE, ""),
        attributes=source.get(fields.ATTRIBUTES, {}),
    )
