"""The catalogues of the service, each with its open clients, and whether they can be asked now."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from aisle._recommendations import Client, FoundClient, open_recommendations
from aisle._search import open_search
from aisle._similar import open_similar_items
from aisle.cluster import Cluster
from aisle.cluster.request_scope import RequestScope, request_scope
from aisle.encoder import ArtifactStore
from aisle.errors import AisleError, ArtifactMismatch, ClusterUnavailable, ForeignIndex, IndexNotFound
from aisle.mappings import IndexMeta
from aisle.search import Page, SearchClient, SearchRequest, read_live
from aisle.search.recommend.client import RecommendationClient
from aisle.search.similar.client import SimilarItemsClient
from aisle.search.suggest import Suggestions, SuggestRequest

log = logging.getLogger(__name__)

_CHECK: Final = "aisle-serve-check"
_CHECK_S: Final = 5.0
_OPEN_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class OpenCatalogue:
    """A catalogue and its clients.

    Attributes:
        name: in addresses.
        meta: of the release that was live when it was last looked at.
        search: its search client.
        recommending: its client for recommendations, or why there is none.
        relating: its client for similar items, or why there is none.
        reranks: whether the search client has a reranker.
    """

    name: str
    meta: IndexMeta
    search: SearchClient
    recommending: FoundClient[RecommendationClient]
    relating: FoundClient[SimilarItemsClient]
    reranks: bool = False

    @property
    def ranks(self) -> bool:
        """Whether the search client has a ranker."""
        return self.search.ranker is not None

    @property
    def recommendations(self) -> RecommendationClient:
        """Its client for recommendations.

        Raises:
            ForeignIndex: the release was made without a recommender.
        """
        return _there(self.recommending)

    @property
    def similar(self) -> SimilarItemsClient:
        """Its client for similar items.

        Raises:
            ForeignIndex: the release was made without an item-to-item model.
        """
        return _there(self.relating)

    def ask(self, request: SearchRequest) -> Page:
        """One page of results; raises what ``SearchClient.search`` raises.

        While a release with another encoder has just gone live, and is not opened yet, the one before it
        answers.
        """
        try:
            return self.search.ask(request)
        except ArtifactMismatch:
            return self.search.for_release(self.meta.release).ask(request)

    def brief(self, request: SearchRequest) -> Page:
        """The cheapest page; raises what ``SearchClient.brief`` raises."""
        return self.search.brief(request)

    def suggest(self, request: SuggestRequest) -> Suggestions:
        """Suggestions; raises what ``SearchClient.suggest`` raises."""
        return self.search.suggest(
            request.text, size=request.size, items=request.items, filters=request.filters
        )

    def warm(self) -> None:
        """Ask everything once, so that no shopper pays for what is loaded and checked the first time."""
        self.search.browse(size=1, facets=1)
        self.search.search("warm", size=1)
        if self.recommending.client:
            self.recommending.client.recommend((), size=1)


class CatalogueSource(Protocol):
    """Where a catalogue's clients come from."""

    @property
    def name(self) -> str:
        """Of the catalogue."""

    def live(self) -> IndexMeta:
        """Of the live release; raises what `read_live` raises."""

    def open(self) -> OpenCatalogue:
        """Its clients, with the artifacts of the live release loaded; raises what `open_search` raises."""


@dataclass(frozen=True, slots=True)
class IndexedCatalogue:
    """A catalogue that `aisle index` made.

    Attributes:
        name: of the catalogue.
        cluster: connection.
        store: where artifacts are looked up.
        reranker, ranker: as `aisle.open_search` takes them; empty: what the release names.
    """

    name: str
    cluster: Cluster
    store: ArtifactStore
    reranker: str = ""
    ranker: str = ""

    def live(self) -> IndexMeta:
        """Of the live release; raises what `read_live` raises."""
        return read_live(self.cluster, self.name).meta

    def open(self) -> OpenCatalogue:
        """Its clients; raises what `open_search` and the like raise."""
        meta = self.live()
        search = open_search(
            self.name,
            ranker=self.ranker or None,
            reranker=self.reranker or None,
            cluster=self.cluster,
            store=self.store,
        )
        recommending: FoundClient[RecommendationClient]
        relating: FoundClient[SimilarItemsClient]
        try:
            recommending = FoundClient(
                open_recommendations(self.name, cluster=self.cluster, store=self.store)
            )
        except ForeignIndex as error:
            recommending = FoundClient(None, error)
        try:
            relating = FoundClient(open_similar_items(self.name, cluster=self.cluster, store=self.store))
        except ForeignIndex as error:
            relating = FoundClient(None, error)
        return OpenCatalogue(self.name, meta, search, recommending, relating, search.reranks)


@dataclass(frozen=True, slots=True)
class CatalogueState:
    """Whether a catalogue can be asked.

    Attributes:
        release: that is live, as far as is known; empty if it never was.
        problem: why it cannot be asked, or why an older release answers; empty if all is well.
        ready: whether it can be asked.
    """

    release: str = ""
    problem: str = ""
    ready: bool = False


class Catalogues:
    """The catalogues that are served. It may be used from several threads; one of them looks after it.

    Args:
        sources: one for each catalogue.
    """

    def __init__(self, sources: Sequence[CatalogueSource]) -> None:
        self._sources = {source.name: source for source in sources}
        self._open: dict[str, OpenCatalogue] = {}
        self._states = {source.name: CatalogueState() for source in sources}

    @property
    def states(self) -> Mapping[str, CatalogueState]:
        """Name to state."""
        return dict(self._states)

    @property
    def ready(self) -> bool:
        """Whether all of them can be asked."""
        return all(state.ready for state in self._states.values())

    def of(self, name: str, *, allowed: bool = True) -> OpenCatalogue:
        """A catalogue's clients.

        Args:
            name: of the catalogue.
            allowed: whether the caller may have them; for others there is no such catalogue.

        Raises:
            IndexNotFound: it is not served.
            ClusterUnavailable: it could not be opened so far.
        """
        opened = self._open.get(name) if allowed else None
        if opened is not None:
            return opened
        if allowed and name in self._sources:
            raise ClusterUnavailable(
                f"{name} is not open: {self._states[name].problem}", fix="look at the cluster"
            )
        raise IndexNotFound(
            f"this service has no catalogue {name!r}", fix="take a name from GET /v1/catalogues"
        )

    def open(self) -> None:
        """Open and warm all that are not open.

        Raises:
            AisleError: whatever is wrong with one of them. A cluster that does not answer is waited for
                instead: the catalogue is opened by a later `check`.
        """
        for name in self._sources:
            try:
                self._look_at(name)
            except ClusterUnavailable as error:
                self._states[name] = CatalogueState(problem=error.message)
                log.warning("%s cannot be opened yet: %s", name, error)

    def check(self) -> None:
        """One look at each: those that are not open are opened, those with other artifacts opened anew.

        Whatever goes wrong becomes the catalogue's state, and is tried again the next time.
        """
        for name, before in self.states.items():
            try:
                self._look_at(name)
            except AisleError as error:
                # What was opened still answers, if its release is there: the next look tells.
                self._states[name] = replace(before, problem=error.message, ready=self._answers(name))
                if before.problem != error.message:
                    log.warning("%s: %s", name, error)
            else:
                if before.problem:
                    log.info("%s can be asked again", name)

    def _look_at(self, name: str) -> None:
        source, opened = self._sources[name], self._open.get(name)
        with request_scope(RequestScope(_CHECK, time.monotonic() + _CHECK_S)):
            meta = source.live()
        if opened is None or _artifacts(opened.meta) != _artifacts(meta):
            with request_scope(RequestScope(_CHECK, time.monotonic() + _OPEN_S)):
                opened = source.open()
                opened.warm()
        self._open[name] = replace(opened, meta=meta)
        self._states[name] = CatalogueState(meta.release, ready=True)

    def _answers(self, name: str) -> bool:
        """Whether the release that was opened is there, though another one may be live."""
        opened = self._open.get(name)
        if opened is None:
            return False
        try:
            with request_scope(RequestScope(_CHECK, time.monotonic() + _CHECK_S)):
                opened.search.for_release(opened.meta.release).browse(size=1)
        except AisleError:
            return False
        return True


def _there(found: FoundClient[Client]) -> Client:
    if found.client is None:
        raise found.missing or ForeignIndex("it is not there", fix="index the catalogue again")
    return found.client


def _artifacts(meta: IndexMeta) -> tuple[object, ...]:
    """What a release's clients are opened with."""
    return (dict(meta.spaces), meta.item_spaces, meta.ordering)
