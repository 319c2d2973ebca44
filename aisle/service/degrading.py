"""What a search does without when time is short, and earlier answers for when there is none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Final

from aisle.cluster.request_scope import current_scope, request_scope
from aisle.errors import AisleError, ClusterUnavailable, DeadlinePassed, Overloaded
from aisle.mappings import BM25
from aisle.search import Page, SearchRequest
from aisle.search.brief import can_be_brief
from aisle.search.page import Degradation
from aisle.search.rank.stage import Recent
from aisle.service.admission import Admission
from aisle.service.metrics import Metrics
from aisle.service.scope import ScopedCatalogue

# Pressures, see `Admission`, from which others wait too long for a search to rerank, to be ordered by a
# ranker, or to ask for meaning.
_RERANK_UNTIL: Final = 0.25
_RANKER_UNTIL: Final = 0.33
_MEANING_UNTIL: Final = 0.4
_EXTRAS_UNTIL: Final = 0.55
# And from which an earlier answer takes the place of a search, so that those that have none get their turn: a
# whole one of some minutes ago says more than words alone.
_SEARCH_UNTIL: Final = 0.4
# Shares of the deadline that are kept for words alone, and for the cheapest answer, and the one below which
# no ranker is asked.
_KEPT: Final = 0.3
_KEPT_LAST: Final = 0.1
_RANKED_ABOVE: Final = 0.5
_REMEMBERED: Final = 1_000
_MAX_AGE_S: Final = 600.0

RERANK, RANKER, MEANING = "rerank", "ranker", "meaning"
EXTRAS, SEARCH = "extras", "search"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A search, and what it leaves out of the one that was asked for.

    Attributes:
        request: to ask.
        left_out: of the one that was asked for.
        kept: share of the deadline that it leaves to those after it.
        brief: whether the cheapest page is asked for, see ``aisle.search.brief``.
    """

    request: SearchRequest
    left_out: tuple[str, ...] = ()
    kept: float = _KEPT
    brief: bool = False


def attempts(
    request: SearchRequest, legs: tuple[str, ...], pressure: float, left: float, *, ranks: bool = False
) -> Iterator[Attempt]:
    """Ways to answer a search, each cheaper than the one before, the best that there is time for first. Pure.

    Args:
        request: as it was asked.
        legs: those of the catalogue.
        pressure: see `Admission`, 0 to 1.
        left: share of the deadline that is left, 0 to 1.
        ranks: whether the catalogue has a ranker.
    """
    left_out: tuple[str, ...] = ()
    if request.rerank is not None:
        if pressure < _RERANK_UNTIL and left > 1 - _KEPT:
            yield Attempt(request)
        request, left_out = replace(request, rerank=None), (RERANK,)
    if is_ranked(request, ranks):
        # Where time ends while the ranker asks, the client keeps what it has fused, see `Page.rank_stopped`.
        if pressure < _RANKER_UNTIL and left > _RANKED_ABOVE:
            yield Attempt(request, left_out)
        request, left_out = replace(request, ranker=False), (*left_out, RANKER)
    asked = request.fusion.legs if request.fusion else request.legs or legs
    by_meaning = not request.browse and BM25 in asked and len(asked) > 1
    brief = can_be_brief(request, legs)
    extras = not brief or (pressure < _EXTRAS_UNTIL and left > _KEPT_LAST)
    if by_meaning and pressure < _MEANING_UNTIL and left > _KEPT:
        yield Attempt(request, left_out)
    if by_meaning:
        request = replace(request, legs=(BM25,), fusion=None, diversity=0.0, least_similarity=None)
        left_out = (*left_out, MEANING)
    if extras:
        yield Attempt(request, left_out, _KEPT_LAST)
    if brief:
        yield Attempt(request, (*left_out, EXTRAS), brief=True)


def is_ranked(request: SearchRequest, ranks: bool) -> bool:
    """Whether a ranker orders a search of a catalogue that has one."""
    wanted = ranks if request.ranker is None else request.ranker
    return wanted and not request.browse and request.sort is None


@dataclass(frozen=True, slots=True)
class _Answer:
    page: Page
    at: float


class DegradingSearch:
    """Answers searches as well as there is time for, and says what it went without.

    Args:
        admission: that says how long others wait.
        metrics: that count what is degraded.
        deadline_s: of a request, in seconds.
    """

    def __init__(self, admission: Admission, metrics: Metrics, deadline_s: float) -> None:
        self._admission = admission
        self._metrics = metrics
        self._deadline_s = deadline_s
        self._earlier: Recent[str, _Answer] = Recent(_REMEMBERED)

    def answer(self, catalogue: ScopedCatalogue, request: SearchRequest) -> Page:
        """One page of results, whole or degraded; blocks.

        Raises:
            AisleError: what the client raises, where no earlier answer can stand for the search.
        """
        request = catalogue.narrowed(request)
        scope = current_scope()
        ends = scope.ends if scope and scope.ends is not None else time.monotonic() + self._deadline_s
        left = (ends - time.monotonic()) / self._deadline_s
        pressure = self._admission.pressure
        tried = list(attempts(request, catalogue.legs, pressure, left, ranks=catalogue.ranks))
        failed: AisleError = DeadlinePassed("there was no time left", fix="allow more time, or ask for less")
        late = False
        for number, way in enumerate(tried, 1):
            until = ends - way.kept * self._deadline_s if number < len(tried) else ends
            attempt = _within(way, until - time.monotonic())
            try:
                with request_scope(replace(scope, ends=until)) if scope else nullcontext():
                    page = (catalogue.brief if attempt.brief else catalogue.ask)(attempt.request)
            except (DeadlinePassed, ClusterUnavailable) as error:
                failed, late = error, True
                continue
            left_out = (*attempt.left_out, RANKER) if page.rank_stopped else attempt.left_out
            if not left_out:
                self._earlier.keep([(_key(catalogue, request), _Answer(page, time.monotonic()))])
                return page
            late = late or page.rank_stopped or pressure < _RERANK_UNTIL
            return self._counted(catalogue, page, Degradation(left_out, "deadline" if late else "load"))
        why = "deadline" if isinstance(failed, DeadlinePassed) else "cluster"
        return self._earlier_answer(catalogue, request, why, failed)

    def at_once(self, catalogue: ScopedCatalogue, request: SearchRequest) -> Page | None:
        """An earlier answer where so many wait that one is better than waiting; None if there is none."""
        if self._admission.pressure < _SEARCH_UNTIL:
            return None
        return self._earlier_page(catalogue, catalogue.narrowed(request), "load")

    def refused(self, catalogue: ScopedCatalogue, request: SearchRequest, refusal: Overloaded) -> Page:
        """An earlier answer to a search that is not admitted.

        Raises:
            Overloaded: there is none.
        """
        return self._earlier_answer(catalogue, catalogue.narrowed(request), "load", refusal)

    def _earlier_answer(
        self, catalogue: ScopedCatalogue, request: SearchRequest, why: str, error: AisleError
    ) -> Page:
        page = self._earlier_page(catalogue, request, why)
        if page is None:
            raise error
        return page

    def _earlier_page(self, catalogue: ScopedCatalogue, request: SearchRequest, why: str) -> Page | None:
        (found,) = self._earlier.find([_key(catalogue, request)])
        age_s = time.monotonic() - found.at if found else 0.0
        if found is None or age_s > _MAX_AGE_S:
            return None
        return self._counted(catalogue, found.page, Degradation((SEARCH,), why, age_s))

    def _counted(self, catalogue: ScopedCatalogue, page: Page, degraded: Degradation) -> Page:
        self._metrics.degraded.labels(catalogue.name, degraded.left_out[-1], degraded.why).inc()
        return replace(page, degraded=degraded)


def _within(attempt: Attempt, left_s: float) -> Attempt:
    """Reranking gets half of the time, unless the request says otherwise."""
    rerank = attempt.request.rerank
    if rerank is None or rerank.budget_ms is not None or left_s <= 0:
        return attempt
    limited = replace(rerank, budget_ms=left_s * 500)
    return replace(attempt, request=replace(attempt.request, rerank=limited))


def _key(catalogue: ScopedCatalogue, request: SearchRequest) -> str:
    # Filters hold mappings, which cannot be hashed; their text says all that they are, those of a key too.
    return f"{catalogue.name} {request!r}"
