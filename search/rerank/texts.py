"""The texts of candidates, as a reranker reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opensearchpy import OpenSearch

from cluster import translated_errors
from encoder import item_text
from mappings import fields
from mappings.item_of import item_of


@dataclass(frozen=True, slots=True)
class Texts:
    """Encoder text by item id (items deleted meanwhile are absent), and the server's ``took``."""

    by_id: Mapping[str, str]
    server_ms: float


def fetch_texts(client: OpenSearch, release: str, ids: Sequence[str]) -> Texts:
    """Read them in one request, of the very release that ranked them.

    Not remembered from search to search: an item may be updated in place, and its score must follow.

    Raises:
        IndexNotFound: the release was deleted meanwhile.
    """
    if not ids:
        return Texts({}, 0.0)
    body = {
        "size": len(ids),
        "_source": [fields.TITLE, fields.TEXT],
        "query": {"ids": {"values": list(ids)}},
        "track_total_hits": False,
    }
    with translated_errors():
        answer = client.search(index=release, body=body)
    hits = answer["hits"]["hits"]
    by_id = {hit["_id"]: item_text(item_of(hit["_id"], hit["_source"])) for hit in hits}
    return Texts(by_id, float(answer["took"]))
