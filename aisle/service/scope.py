"""A catalogue as one caller may see it: whatever its key's filters leave out is not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from aisle.errors import InvalidQuery
from aisle.search import Filters, Page, SearchRequest
from aisle.search.explanation import ExplainedHit, explain_hit
from aisle.search.recommend.page import RecommendationPage
from aisle.search.recommend.request import RecommendationRequest
from aisle.search.similar.page import SimilarPage
from aisle.search.similar.request import SimilarRequest
from aisle.search.suggest import Suggestions, SuggestRequest
from aisle.service.catalogues import OpenCatalogue
from aisle.types import Item

P = TypeVar("P", Page, RecommendationPage, SimilarPage)


@dataclass(frozen=True, slots=True)
class ScopedCatalogue:
    """What routes ask: every way to a catalogue's items goes through the filters of the caller's key.

    Each method raises what the client's own raises.

    Attributes:
        opened: the catalogue.
        within: the key's filters; None where all may be seen.
    """

    opened: OpenCatalogue
    within: Filters | None = None

    @property
    def name(self) -> str:
        """Of the catalogue."""
        return self.opened.name

    @property
    def legs(self) -> tuple[str, ...]:
        """That searches may name."""
        return self.opened.search.legs

    @property
    def reranks(self) -> bool:
        """Whether it has a reranker."""
        return self.opened.reranks

    @property
    def ranks(self) -> bool:
        """Whether it has a ranker."""
        return self.opened.ranks

    @property
    def recommends(self) -> bool:
        """Whether there is a client for recommendations."""
        return self.opened.recommending.client is not None

    @property
    def relates(self) -> bool:
        """Whether there is a client for similar items."""
        return self.opened.relating.client is not None

    @property
    def suggests(self) -> bool:
        """Whether the release has suggestions."""
        return self.opened.meta.features.suggest

    def for_release(self, release: str) -> ScopedCatalogue:
        """The same of one release, see ``SearchClient.for_release``."""
        return replace(self, opened=replace(self.opened, search=self.opened.search.for_release(release)))

    def narrowed(self, request: SearchRequest) -> SearchRequest:
        """A search within the filters of the key."""
        return replace(request, filters=self._filters(request.filters))

    def ask(self, request: SearchRequest) -> Page:
        """One page of results of a search that is `narrowed`."""
        return self._told(self.opened.ask(request))

    def brief(self, request: SearchRequest) -> Page:
        """The cheapest page of a search that is `narrowed`."""
        return self._told(self.opened.brief(request))

    def suggest(self, request: SuggestRequest) -> Suggestions:
        """Suggestions."""
        return self.opened.suggest(replace(request, filters=request.filters.narrowed(self.within)))

    def recommend(self, request: RecommendationRequest) -> RecommendationPage:
        """Recommendations; of the history only what may be seen counts."""
        client, history = self.opened.recommendations, request.history
        if self.within is not None and history:
            visible = self.items(history)
            history = tuple(id_ for id_ in history if id_ in visible)
        asked = replace(request, history=history, filters=self._filters(request.filters))
        return self._told(client.ask(asked))

    def similar(self, request: SimilarRequest) -> SimilarPage:
        """Similar items of one that may be seen."""
        client = self.opened.similar
        if self.within is not None and request.id not in self.items((request.id,)):
            raise InvalidQuery(f"there is no item {request.id!r}", fix="take an id from a search")
        return self._told(client.ask(replace(request, filters=self._filters(request.filters))))

    def explain(self, request: SearchRequest, id: str) -> ExplainedHit:
        """Why an item is where it is in a search."""
        return explain_hit(self.opened.search, self.narrowed(request), id, self.within)

    def items(self, ids: tuple[str, ...]) -> Mapping[str, Item]:
        """Items by their ids."""
        return self.opened.search.items(ids, self.within)

    def _filters(self, filters: Filters | None) -> Filters | None:
        # As what they are within, never as the asker's own: a disjunctive facet ignores its own condition.
        return filters if self.within is None else (filters or Filters()).narrowed(self.within)

    def _told(self, page: P) -> P:
        """What rules did names items that may not be seen; where they lead and what they say stays."""
        if self.within is None or page.rules is None:
            return page
        return replace(page, rules=replace(page.rules, outcomes=()))
