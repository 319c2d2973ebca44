"""Reranks what one search found: reads the texts from the index, and asks the reranker."""

from __future__ import annotations

import time
from dataclasses import dataclass

from opensearchpy import OpenSearch

from search.fusion import Fused
from search.ranking import Ranking
from search.rerank import Reranked, Reranker, RerankOptions
from search.rerank.texts import fetch_texts


@dataclass(frozen=True, slots=True)
class Reranking:
    """A ranking in its final order.

    Attributes:
        order: all candidates.
        found: what the reranker said, None if nothing was reranked.
        ms: all of it, reading the texts included; server_ms: of that, as OpenSearch ``took``.
    """

    order: list[Fused]
    found: Reranked | None = None
    ms: float = 0.0
    server_ms: float = 0.0


def rerank_ranking(
    client: OpenSearch, reranker: Reranker, ranking: Ranking, options: RerankOptions, *, later_page: bool
) -> Reranking:
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
    return Reranking(found.order, found, (time.perf_counter() - started) * 1000, texts.server_ms)
