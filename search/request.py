"""Bodies of a search's two requests: the candidates of all legs, then the documents of one page. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mappings import fields
from search.legs import Leg, Question

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
