"""Queries that show why two legs are better than one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluation import Scores
from mappings import BM25, DENSE
from records import Query

METRIC = "nDCG@10"


def telling_queries(queries: Sequence[Query], scores: Mapping[str, Scores]) -> tuple[Query, ...]:
    """Three queries: where words beat meaning by most, where meaning beats words by most, and in between.

    Args:
        queries: the judged queries.
        scores: of the systems ``bm25`` and ``dense``.

    Returns:
        Up to three different queries, in that order.
    """
    words, meaning = scores[BM25].per_query[METRIC], scores[DENSE].per_query[METRIC]
    scored = [query for query in queries if query.id in words]
    ordered = sorted(scored, key=lambda query: (meaning[query.id] - words[query.id], query.id))
    if len(ordered) <= 3:
        return tuple(ordered)
    return ordered[0], ordered[-1], ordered[len(ordered) // 2]
