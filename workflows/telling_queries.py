"""Queries that show why two legs are better than one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluation import Scores
from mappings import BM25, DENSE
from records import Query
from workflows.systems import HYBRID

METRIC = "nDCG@10"


def telling_queries(queries: Sequence[Query], scores: Mapping[str, Scores]) -> tuple[Query, ...]:
    """Two queries, chosen for what they show and not at random.

    One that words answer and meaning does not, one the other way round; of these the ones where fusing
    both keeps most of the better answer.

    Args:
        queries: the judged queries.
        scores: of the systems ``bm25``, ``dense`` and ``hybrid``.

    Returns:
        Up to two different queries, in that order.
    """
    words, meaning = scores[BM25].per_query[METRIC], scores[DENSE].per_query[METRIC]
    both = scores[HYBRID].per_query[METRIC]
    scored = [query for query in queries if query.id in both]
    lead = {query.id: (words[query.id] - meaning[query.id]) * both[query.id] for query in scored}
    ordered = sorted(scored, key=lambda query: (-lead[query.id], query.id))
    return tuple(dict.fromkeys((ordered[0], ordered[-1]))) if ordered else ()
