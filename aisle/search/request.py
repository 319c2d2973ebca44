"""Bodies of a search's two requests: the candidates of all legs, then the documents of one page. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opensearchpy import OpenSearch

from aisle.cluster import translated_errors
from aisle.mappings import fields
from aisle.mappings.document import item_of
from aisle.search.fusion import LegResult
from aisle.search.legs import Leg, Question
from aisle.types import Item

# OpenSearch's index.max_result_window.
MAX_CANDIDATES = 10_000


def candidates_body(
    legs: Sequence[Leg],
    question: Question,
    shards: int = 1,
    facets: dict[str, Any] | None = None,
    spelling: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Body of the one request that asks all legs.

    ``size`` covers the union of the legs' windows: every candidate comes back with the raw score of each leg
    that matched it, and nothing depends on which of them the server's fusion would have kept. As every shard
    fills the window anew before the server fuses, the union grows with the number of shards. One leg alone
    is asked without ``hybrid``, so it needs no pipeline.
    """
    body: dict[str, Any] = {"_source": False}
    if len(legs) == 1:
        body |= {"size": question.window, "query": legs[0].query(question)}
    else:
        queries = [_named(leg, question) for leg in legs]
        body["size"] = min(len(legs) * question.window * shards, MAX_CANDIDATES)
        body["query"] = {"hybrid": {"queries": queries, "pagination_depth": question.window}}
    if facets:
        body["aggs"] = facets
    if spelling:
        body["suggest"] = spelling
    return body


def _named(leg: Leg, question: Question) -> dict[str, Any]:
    # Where `_name` goes differs from query to query; a bool around it names them all alike.
    return {"bool": {"must": [leg.query(question)], "_name": leg.name}}


def documents_body(ids: Sequence[str]) -> dict[str, Any]:
    """Body of the request that fetches a page's documents."""
    return {"size": len(ids), "_source": list(fields.DISPLAY), "query": {"ids": {"values": list(ids)}}}


def leg_results(hits: Sequence[Mapping[str, Any]], legs: Sequence[str], window: int) -> dict[str, LegResult]:
    """Each leg's own list, rebuilt from the union.

    Args:
        hits: ``hits.hits`` of a hybrid answer with ``matched_queries`` scores, or of a single leg's answer.
        legs: names, in the order asked.
        window: candidates per leg. OpenSearch scores every hit for every leg that matches it, so a hit that
            only the dense leg found can carry a BM25 score from far below BM25's window: that is cut off.

    Returns:
        Leg to at most ``window`` ids, best first; ties in order of id.
    """
    if len(legs) == 1:
        scored = {legs[0]: [(hit["_id"], float(hit["_score"])) for hit in hits]}
    else:
        scored = {leg: [] for leg in legs}
        for hit in hits:
            for leg, score in hit.get("matched_queries", {}).items():
                scored[leg].append((hit["_id"], float(score)))
    return {leg: _best(found, window) for leg, found in scored.items()}


def _best(found: list[tuple[str, float]], window: int) -> LegResult:
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    kept = found[:window]
    return LegResult([id_ for id_, _ in kept], [score for _, score in kept])


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
