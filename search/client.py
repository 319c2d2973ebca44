"""The Python search client: one hybrid question, fused, explained and paged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from opensearchpy import OpenSearch

from mappings import FusionSpec
from records import Hit, IndexNotFound, InputError, InvalidQuery
from search.choice import chosen
from search.documents import Fetched, fetch_items
from search.facets import MAX_FACET_VALUES
from search.filters import Filters
from search.fusion import Fused
from search.legs import Bm25Leg, DenseLeg, Leg
from search.page import Page, Timings
from search.preflight import Preflight, QueryEncoder, install_pipeline
from search.question import checked_question
from search.ranking import Ranker, Ranking
from search.request import MAX_CANDIDATES as MAX_WINDOW
from search.signals import SignalBook


class SearchClient:
    """Searches one index (or alias) that Aisle made.

    Args:
        client: connection, see ``cluster.connect``.
        name: alias or index.
        encoder: the index's own encoder; without one only lexical legs can be asked.
        legs: the legs that searches may name; all of them are asked unless a search says otherwise.
        window: candidates per leg. Pages are cut from their union, so it bounds what paging can reach.

    Raises:
        InputError: a window that OpenSearch does not take.
    """

    def __init__(
        self,
        client: OpenSearch,
        name: str,
        encoder: QueryEncoder | None = None,
        legs: Sequence[Leg] = (Bm25Leg(), DenseLeg()),
        window: int = 100,
    ) -> None:
        if not 1 <= window <= MAX_WINDOW:
            raise InputError(f"a window of {window} cannot be asked", fix=f"use 1 to {MAX_WINDOW:,}")
        self._client = client
        self._encoder = encoder
        self._window = window
        self._legs = {leg.name: leg for leg in legs}
        self._ranker = Ranker(client, Preflight(client, name, encoder), encoder, window)

    def search(
        self,
        text: str,
        *,
        legs: Sequence[str] | None = None,
        fusion: FusionSpec | None = None,
        filters: Filters | None = None,
        size: int = 10,
        page: int = 1,
        facets: int = 0,
    ) -> Page:
        """One page of results, each hit with its signals.

        Args:
            text: what the user typed. Never parsed as query syntax.
            legs: names of the legs to ask; None asks all.
            fusion: how to fuse them; None takes ``mappings.default_fusion``. Its legs are the ones asked.
            filters: brand, category, price, attributes.
            size: hits per page.
            page: 1-based; a page past ``reachable`` is empty.
            facets: values per facet to count; 0 counts none.

        Raises:
            InvalidQuery: text, page or size cannot be used.
            IndexNotFound, ForeignIndex, ArtifactMismatch, PipelineMissing: see ``search.preflight``.
            ClusterError: the cluster does not answer.
        """
        started = time.perf_counter()
        if size < 1 or page < 1:
            raise InvalidQuery(f"page {page} of size {size} does not exist", fix="count both from 1")
        first = (page - 1) * size
        ask = partial(self.rank, text, legs=legs, fusion=fusion, filters=filters, facets=facets)
        try:
            ranking, shown, fetched = self._cut(ask(), first, size)
        except IndexNotFound:
            # The release was replaced and deleted between the two requests: both again, to the new one.
            ranking, shown, fetched = self._cut(ask(), first, size)
        book = SignalBook(ranking.spec, ranking.results)
        hits = tuple(
            Hit(fetched.items[fused.id], rank, fused.score, book.of(fused))
            for rank, fused in enumerate(shown, first + 1)
            if fused.id in fetched.items
        )
        total_ms = (time.perf_counter() - started) * 1000
        return Page(
            hits=hits,
            page=page,
            size=size,
            reachable=len(ranking.fused),
            total=max(ranking.total, len(ranking.fused)),
            total_is_exact=ranking.total_is_exact,
            release=ranking.release,
            facets=ranking.facets,
            timings=Timings(total_ms, ranking.encode_ms, ranking.server_ms + fetched.server_ms),
        )

    def rank(
        self,
        text: str,
        *,
        legs: Sequence[str] | None = None,
        fusion: FusionSpec | None = None,
        filters: Filters | None = None,
        facets: int = 0,
    ) -> Ranking:
        """All candidates, best first, without documents; what evaluation scores. See ``search``."""
        if not 0 <= facets <= MAX_FACET_VALUES:
            raise InvalidQuery(
                f"{facets} values per facet cannot be counted", fix=f"use 0 (none) to {MAX_FACET_VALUES:,}"
            )
        asked, spec = chosen(self._legs, legs, fusion)
        return self._ranker.rank(checked_question(text), asked, spec, filters or Filters(), facets)

    def pinned(self, release: str) -> SearchClient:
        """The same client for one release, which stays with it when another one goes live.

        Args:
            release: index name, such as the ``release`` of a `Page`.
        """
        return SearchClient(self._client, release, self._encoder, tuple(self._legs.values()), self._window)

    def install(self, fusion: FusionSpec) -> str:
        """Put a fusion's pipeline on the cluster and return its name."""
        return install_pipeline(self._client, fusion)

    def _cut(self, ranking: Ranking, first: int, size: int) -> tuple[Ranking, list[Fused], Fetched]:
        shown = ranking.fused[first : first + size]
        return ranking, shown, fetch_items(self._client, ranking.release, [fused.id for fused in shown])
