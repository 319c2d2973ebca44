"""The Python search client: one hybrid question, fused, explained and paged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from opensearchpy import OpenSearch

from aisle.errors import IndexNotFound, InputError, InvalidQuery
from aisle.mappings import FusionSpec
from aisle.search.facets import MAX_FACET_VALUES
from aisle.search.filters import Filters
from aisle.search.legs import (
    Bm25Leg,
    DenseLeg,
    Leg,
    QueryEncoder,
    QueryEncoders,
    SparseQueryEncoder,
    checked_question,
    resolve_legs,
)
from aisle.search.page import Page, Timings
from aisle.search.preflight import Preflight, install_pipeline
from aisle.search.rank import Reranker, RerankOptions
from aisle.search.rank.candidates import RerankedOrder, rerank_ranking
from aisle.search.ranking import Finder, Ranker, Ranking, TextOptions
from aisle.search.request import MAX_CANDIDATES as MAX_WINDOW
from aisle.search.request import Fetched, fetch_items
from aisle.search.signals import SignalBook
from aisle.types import Hit


class SearchClient:
    """Searches one index (or alias) that Aisle made.

    Args:
        client: connection, see ``aisle.cluster.client``.
        name: alias or index.
        encoder: the index's own encoder; without one only lexical legs can be asked.
        legs: the legs that searches may name; all of them are asked unless a search says otherwise.
        window: candidates per leg. Pages are cut from their union, so it bounds what paging can reach.
        sparse: the index's own sparse encoder, which a `SparseLeg` among the legs needs.
        typos: correct words that no item has; see ``aisle.search.spelling``.
        exact: items that the query names by id or part number come first; see ``aisle.search.identifiers``.
        reranker: for searches that ask for reranking.

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
        sparse: SparseQueryEncoder | None = None,
        *,
        typos: bool = True,
        exact: bool = True,
        reranker: Reranker | None = None,
    ) -> None:
        if not 1 <= window <= MAX_WINDOW:
            raise InputError(f"a window of {window} cannot be asked", fix=f"use 1 to {MAX_WINDOW:,}")
        self._client = client
        self._sides = QueryEncoders(encoder, sparse)
        self._window = window
        self._legs = {leg.name: leg for leg in legs}
        self._care = TextOptions(typos, exact)
        self._reranker = reranker
        preflight = Preflight(client, name, self._sides)
        self._finder = Finder(client, preflight, Ranker(client, preflight, self._sides, window), self._care)

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
        rerank: RerankOptions | None = None,
    ) -> Page:
        """One page of results, each hit with its signals.

        Args:
            text: what the user typed. Never parsed as query syntax.
            legs: names of the legs to ask; None asks all, or those of the release's tuned fusion.
            fusion: how to fuse them; its legs are the ones asked. None takes the fusion that the release was
                tuned to if ``legs`` is None too, else ``mappings.default_fusion``.
            filters: brand, category, price, attributes.
            size: hits per page.
            page: 1-based; a page past ``reachable`` is empty.
            facets: values per facet to count; 0 counts none.
            rerank: how to rerank the candidates, before the page is cut; None leaves the fused order.

        Raises:
            InvalidQuery: text, page or size cannot be used.
            InputError: reranking is asked of a client without a reranker.
            IndexNotFound, ForeignIndex, ArtifactMismatch, PipelineMissing: see ``aisle.search.preflight``.
            ClusterError: the cluster does not answer.
        """
        started = time.perf_counter()
        if size < 1 or page < 1:
            raise InvalidQuery(f"page {page} of size {size} does not exist", fix="count both from 1")
        if rerank is not None:
            # Refused before the index is asked anything.
            self._needed()
        first = (page - 1) * size
        ask = partial(self.rank, text, legs=legs, fusion=fusion, filters=filters, facets=facets)
        cut = partial(self._cut, rerank=rerank, first=first, size=size)
        try:
            ranking, ordered, fetched = cut(ask())
        except IndexNotFound:
            # The release was replaced and deleted between the requests: all again, to the new one.
            ranking, ordered, fetched = cut(ask())
        book = SignalBook(ranking.spec, ranking.results)
        reranked = ordered.found.signals if ordered.found else {}
        hits = tuple(
            Hit(fetched.items[fused.id], rank, fused.score, book.of(fused), reranked.get(fused.id))
            for rank, fused in enumerate(ordered.order[first : first + size], first + 1)
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
            path=ranking.path,
            corrected=ranking.corrected,
            reranked=len(reranked),
            rerank_stopped=ordered.found is not None and ordered.found.stopped,
            timings=Timings(
                total_ms,
                ranking.encode_ms,
                ranking.server_ms + ordered.server_ms + fetched.server_ms,
                ordered.ms,
            ),
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
        choose = partial(resolve_legs, self._legs, legs, fusion)
        # A leg or a fusion that cannot be is refused before the index is asked anything.
        choose(None)
        return self._finder.rank(checked_question(text), choose, filters or Filters(), facets)

    def rerank(self, ranking: Ranking, options: RerankOptions, *, later_page: bool = False) -> RerankedOrder:
        """The candidates of ``rank`` in their final order, without documents.

        Args:
            ranking: of this client.
            options: how far, how long, how much the model counts.
            later_page: stop where the search's first page stopped, if that is remembered.

        Raises:
            InputError: this client has no reranker.
            IndexNotFound: the release was deleted meanwhile.
            ClusterError: the cluster does not answer.
        """
        return rerank_ranking(self._client, self._needed(), ranking, options, later_page=later_page)

    def pinned(self, release: str) -> SearchClient:
        """The same client for one release, which stays with it when another one goes live.

        Args:
            release: index name, such as the ``release`` of a `Page`.
        """
        sides = self._sides
        legs = tuple(self._legs.values())
        return SearchClient(
            self._client,
            release,
            sides.dense,
            legs,
            self._window,
            sides.sparse,
            typos=self._care.typos,
            exact=self._care.exact,
            reranker=self._reranker,
        )

    @property
    def legs(self) -> tuple[str, ...]:
        """Names of the legs that searches may name."""
        return tuple(self._legs)

    def install(self, fusion: FusionSpec) -> str:
        """Put a fusion's pipeline on the cluster and return its name."""
        return install_pipeline(self._client, fusion)

    def _needed(self) -> Reranker:
        if self._reranker is None:
            raise InputError(
                "this client has no reranker",
                fix="give SearchClient(reranker=...) one, or name one: aisle search --rerank REF",
            )
        return self._reranker

    def _cut(
        self, ranking: Ranking, *, rerank: RerankOptions | None, first: int, size: int
    ) -> tuple[Ranking, RerankedOrder, Fetched]:
        ordered = (
            self.rerank(ranking, rerank, later_page=first > 0)
            if rerank is not None
            else RerankedOrder(ranking.fused)
        )
        shown = ordered.order[first : first + size]
        return ranking, ordered, fetch_items(self._client, ranking.release, [fused.id for fused in shown])
