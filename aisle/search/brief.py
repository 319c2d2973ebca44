"""The cheapest answer to a search: a page of what has its words, by one request. Pure.

It costs less than half of a search of words alone, which looks at a window of candidates, asks which words
no item has, and then reads the documents of its page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from aisle.mappings import BM25
from aisle.search.plan import Plan
from aisle.search.request import SearchRequest

# Results, from the first: all of them up to the page are read with their documents.
_FARTHEST: Final = 50


def can_be_brief(request: SearchRequest, legs: Sequence[str]) -> bool:
    """Whether there is such an answer: the order is that of relevance, and the page is one of the first.

    Args:
        request: as it was asked.
        legs: those of the client.
    """
    asked = request.fusion.legs if request.fusion else request.legs or legs
    ordered_otherwise = request.browse or request.sort is not None or request.group is not None
    return BM25 in asked and not ordered_otherwise and request.first + request.size <= _FARTHEST


def briefly(request: SearchRequest) -> SearchRequest:
    """The request without all that costs more: meaning, facets, highlights, corrections, items by number.

    Filters, rules and words that are taken out stay: they say what may be shown.
    """
    return replace(
        request,
        legs=(BM25,),
        fusion=None,
        facets=None,
        least_similarity=None,
        ranker=False,
        rerank=None,
        typos=False,
        exact=False,
        highlight=False,
        diversity=0.0,
    )


def brief_plan(plan: Plan, request: SearchRequest) -> Plan:
    """The plan for no more candidates than the page needs, which come with their documents."""
    return replace(plan, window=request.first + request.size, brief=True)
