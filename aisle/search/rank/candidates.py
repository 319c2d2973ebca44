"""Reranks what one search found: reads the texts from the index, and asks the reranker."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opensearchpy import OpenSearch

from aisle.cluster import translated_errors
from aisle.encoder import item_text
from aisle.mappings import fields
from aisle.mappings.document import item_of
from aisle.search.fusion import Fused
from aisle.search.rank.reranker import RerankResult, Reranker, RerankOptions
from aisle.search.ranking import Ranking


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


@dataclass(frozen=True, slots=True)
class RerankedOrder:
    """A ranking in its final order.

    Attributes:
        order: all candidates.
        found: what the reranker said, None if nothing was reranked.
        ms: all of it, reading the texts included; server_ms: of that, as OpenSearch ``took``.
    """

    order: list[Fused]
    found: RerankResult | None = None
    ms: float = 0.0
    server_ms: float = 0.0


def rerank_ranking(
    client: OpenSearch, reranker: Reranker, ranking: Ranking, options: RerankOptions, *, later_page: bool
) -> RerankedOrder:
    """Items that the query names stay on top; the best of the others get their final order.

    Raises:
        IndexNotFound: the release was deleted meanwhile.
        ClusterError: the cluster does not answer.
    """
    started = time.perf_counter()
    pinned = ranking.pinned_first
    wanted = ranking.fused[pinned : pinned + reranker.depth(options)]
    texts = fetch_texts(client, ranking.release, [fused.id for fused in wanted])
    found = reranker.rerank(
        ranking.text,
        ranking.fused,
        texts.by_id,
        options,
        pinned=pinned,
        spent_ms=(time.perf_counter() - started) * 1000,
        later_page=later_page,
    )
    return RerankedOrder(found.order, found, (time.perf_counter() - started) * 1000, texts.server_ms)
