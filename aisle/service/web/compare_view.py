"""Two answers to one search side by side: what is at which place in the other one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aisle.errors import InvalidQuery
from aisle.evaluation.metrics import evaluate
from aisle.evaluation.runs import Run
from aisle.mappings import BM25
from aisle.mappings.meta import catalogue_of
from aisle.search import Page, SearchRequest
from aisle.types import Hit

METRICS: Final = ("nDCG@10", "Judged@10")
USUAL: Final = "usual"
_WORDS, _MEANING, _UNRULED = "words", "meaning", "without rules"
_UNRANKED, _UNRERANKED = "without the ranker", "not reranked"
WAYS: Final = (USUAL, _WORDS, _MEANING, _UNRANKED, _UNRERANKED, _UNRULED)
"""Ways to answer a search; a release of the catalogue by its name is one, too."""


def release_of(way: str, catalogue: str) -> str | None:
    """The release that a way to answer names; None for the live one.

    Raises:
        InvalidQuery: it is neither a way nor a release of this catalogue.
    """
    if way in WAYS:
        return None
    if way == catalogue or catalogue_of(way) != catalogue:
        raise InvalidQuery(
            f"{way!r} is no way to answer, and no release of {catalogue}",
            fix=f"use one of {', '.join(WAYS)}, or a release as `aisle releases list` names it",
        )
    return way


def request_by(way: str, request: SearchRequest, legs: Sequence[str]) -> SearchRequest:
    """A search as one way answers it.

    Args:
        way: one of `WAYS`, or a release.
        request: the search.
        legs: of the catalogue.

    Raises:
        InvalidQuery: the catalogue has no legs of that kind.
    """
    if way in (_WORDS, _MEANING):
        wanted = tuple(leg for leg in legs if (leg == BM25) == (way == _WORDS))
        if not wanted:
            raise InvalidQuery(f"this catalogue is not searched by {way}", fix=f"use {USUAL}")
        return replace(request, legs=wanted, ranker=False, rerank=None)
    if way == _UNRANKED:
        return replace(request, ranker=False)
    if way == _UNRERANKED:
        return replace(request, rerank=None)
    return replace(request, rules=False) if way == _UNRULED else request


@dataclass(frozen=True, slots=True)
class ComparedHit:
    """A hit and where the other side has it.

    Attributes:
        hit: of this side.
        other: its rank on the other side; None where that does not show it.
        grade: mean of its judges' grades; None without any.
    """

    hit: Hit
    other: int | None
    grade: float | None

    @property
    def said(self) -> str:
        """The difference in words."""
        if self.other is None:
            return "only here"
        if self.other == self.hit.rank:
            return "same place"
        way = "higher" if self.hit.rank < self.other else "lower"
        return f"{abs(self.hit.rank - self.other)} {way} than there"


@dataclass(frozen=True, slots=True)
class Side:
    """One of two answers.

    Attributes:
        way: how it was answered.
        page: the answer.
        hits: marked.
        metrics: name to value; empty for a query that nobody judged.
    """

    way: str
    page: Page
    hits: tuple[ComparedHit, ...]
    metrics: Mapping[str, float]


def compared(
    ways: tuple[str, str], pages: tuple[Page, Page], grades: Mapping[str, float]
) -> tuple[Side, Side]:
    """Both answers with their differences.

    Args:
        ways: how they were answered.
        pages: the answers.
        grades: of the query's judged items, the means of all judges.
    """
    ranks = [{hit.item.id: hit.rank for hit in page.hits} for page in pages]
    left, right = (
        Side(
            way,
            page,
            tuple(ComparedHit(hit, other.get(hit.item.id), grades.get(hit.item.id)) for hit in page.hits),
            _metrics(page, grades),
        )
        for way, page, other in zip(ways, pages, reversed(ranks), strict=True)
    )
    return left, right


def _metrics(page: Page, grades: Mapping[str, float]) -> dict[str, float]:
    if not any(grades.values()) or not page.hits:
        return {}
    run = Run("shown", {"query": [hit.item.id for hit in page.hits]})
    return evaluate(run, {"query": grades}, METRICS, relevant=1, keep_unanswerable=True).means()
