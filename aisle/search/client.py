"""The Python search client: one hybrid question, fused, explained and paged."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Self

from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.encoder.base import QueryEncoder, SparseQueryEncoder
from aisle.errors import AisleError, IndexNotFound, InputError, SearchError
from aisle.mappings import FusionSpec
from aisle.search.facets import Filters, facets_body
from aisle.search.identifiers import exact_body, read_exact
from aisle.search.legs import Bm25Leg, DenseLeg, Leg, QueryEncoders, Question
from aisle.search.page import Correction, Page, SignalBook, Timings, documents_body, read_documents
from aisle.search.preflight import Preflight, install_pipeline
from aisle.search.rank import Reranker, RerankOptions
from aisle.search.rank.reranker import RerankedOrder, read_texts, texts_body
from aisle.search.ranking import (
    Ranking,
    alone,
    candidates_params,
    check_complete,
    corrected_ranking,
    pinned,
    plan_body,
    read_ranking,
)
from aisle.search.request import Plan, SearchRequest, SearchSettings, resolve, resolve_fusion
from aisle.search.spelling import having_body, without_words, words_had
from aisle.types import Hit

# A release that goes live between plan and answer costs one more attempt.
_ATTEMPTS: Final = 3
# Bad request and not found: how a release answers that is not the one planned for.
_OF_ANOTHER_RELEASE: Final = (400, 404)


class SearchClient:
    """Searches one index (or alias) that Aisle made. It may be used from several threads.

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
        self._cluster = Cluster.of(client)
        self._encoders = QueryEncoders(encoder, sparse)
        self._settings = SearchSettings({leg.name: leg for leg in legs}, window, typos, exact)
        self._reranker = reranker
        self._index = Preflight(self._cluster, name, self._encoders)

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
        typos: bool | None = None,
        exact: bool | None = None,
    ) -> Page:
        """One page of results, each hit with its signals.

        Args:
            text: what the shopper typed. Never parsed as query syntax.
            legs: names of the legs to ask; None asks those of the release's tuned fusion, or all.
            fusion: how to fuse them; its legs are the ones asked. None takes the fusion that the release was
                tuned to if ``legs`` is None too, else ``mappings.default_fusion``.
            filters: brand, category, price, attributes.
            size: hits per page.
            page: 1-based; a page past ``reachable`` is empty.
            facets: values per facet to count; 0 counts none.
            rerank: how to rerank the candidates, before the page is cut; None leaves the fused order.
            typos: correct words that no item has; None: as given to the client.
            exact: look for items by id and part number first; None: as given to the client.

        Raises:
            InvalidQuery: text, page or size cannot be used.
            InputError: a leg that the client does not have, or reranking without a reranker.
            IndexNotFound, ForeignIndex, ArtifactMismatch, PipelineMissing: see ``aisle.search.preflight``.
            SearchError: the answer is incomplete, or releases go live faster than they can be checked.
            ClusterError: the cluster does not answer.
        """
        named = tuple(legs) if legs is not None else None
        asked = filters or Filters()
        return self.ask(SearchRequest(text, named, fusion, asked, size, page, facets, rerank, typos, exact))

    def ask(self, request: SearchRequest) -> Page:
        """One page of results for a request; raises what ``search`` raises."""
        started = time.perf_counter()
        if request.rerank is not None:
            # Refused before the index is asked anything.
            self._needed()
        try:
            return self._page(request, started)
        except IndexNotFound:
            # The release was replaced and deleted between the requests: all again, to the new one.
            return self._page(request, started)

    def rank(
        self,
        text: str,
        *,
        legs: Sequence[str] | None = None,
        fusion: FusionSpec | None = None,
        filters: Filters | None = None,
        facets: int = 0,
        typos: bool | None = None,
        exact: bool | None = None,
    ) -> Ranking:
        """All candidates, best first, without documents: what evaluation scores.

        Takes and raises what ``search`` does.
        """
        named = tuple(legs) if legs is not None else None
        asked = filters or Filters()
        return self.candidates(
            SearchRequest(text, named, fusion, asked, facets=facets, typos=typos, exact=exact)
        )

    def candidates(self, request: SearchRequest) -> Ranking:
        """All candidates of a request, best first, all from one release; its page and reranking do not
        matter.

        Raises what ``search`` raises.
        """
        # A leg that cannot be is refused before the index is asked anything.
        resolve_fusion(request, self._settings.legs)
        for _ in range(_ATTEMPTS):
            live = self._index.live()
            plan = resolve(request, self._settings, live)
            self._index.check(live, plan.legs, plan.fusion)
            try:
                return self._attempt(plan)
            except _ReleaseChanged:
                # Another release answered: it must pass, and be asked in its own terms, before that counts.
                self._index.forget()
            except AisleError as error:
                if error.status not in _OF_ANOTHER_RELEASE:
                    raise
                # A new release of another width refuses the vector, one that was just deleted is gone. If no
                # other release went live, the error stands.
                self._index.forget()
                if self._index.live() == live:
                    raise
        raise SearchError(
            f"{self._index.name} changed its release {_ATTEMPTS} times during one search",
            fix="run one `aisle index` per name at a time",
        )

    def rerank(self, ranking: Ranking, options: RerankOptions, *, later_page: bool = False) -> RerankedOrder:
        """The candidates of ``rank`` in their final order, without documents.

        Items that the query names stay on top; the best of the others get their final order.

        Args:
            ranking: of this client.
            options: how far, how long, how much the model counts.
            later_page: stop where the search's first page stopped, if that is remembered.

        Raises:
            InputError: this client has no reranker.
            IndexNotFound: the release was deleted meanwhile.
            ClusterError: the cluster does not answer.
        """
        reranker = self._needed()
        started = time.perf_counter()
        first = ranking.pinned_first
        wanted = [fused.id for fused in ranking.fused[first : first + reranker.depth(options)]]
        texts: Mapping[str, str] = {}
        server_ms = 0.0
        if wanted:
            answer = self._cluster.search(index=ranking.release, body=texts_body(wanted))
            texts, server_ms = read_texts(answer), float(answer["took"])
        found = reranker.rerank(
            ranking.text,
            ranking.fused,
            texts,
            options,
            pinned=first,
            spent_ms=(time.perf_counter() - started) * 1000,
            later_page=later_page,
        )
        return RerankedOrder(found.order, found, (time.perf_counter() - started) * 1000, server_ms)

    def for_release(self, release: str) -> Self:
        """The same client for one release, which stays with it when another one goes live.

        Args:
            release: index name, such as the ``release`` of a `Page`.
        """
        fixed = copy.copy(self)
        fixed._index = Preflight(self._cluster, release, self._encoders)
        return fixed

    def pinned(self, release: str) -> Self:
        """The former name of ``for_release``."""
        return self.for_release(release)

    @property
    def legs(self) -> tuple[str, ...]:
        """Names of the legs that searches may name."""
        return tuple(self._settings.legs)

    def install(self, fusion: FusionSpec) -> str:
        """Put a fusion's pipeline on the cluster and return its name."""
        return install_pipeline(self._cluster, fusion)

    def _needed(self) -> Reranker:
        if self._reranker is None:
            raise InputError(
                "this client has no reranker",
                fix="give SearchClient(reranker=...) one, or name one: aisle search --rerank REF",
            )
        return self._reranker

    def _page(self, request: SearchRequest, started: float) -> Page:
        ranking = self.candidates(request)
        order = RerankedOrder(ranking.fused)
        if request.rerank is not None:
            order = self.rerank(ranking, request.rerank, later_page=request.first > 0)
        shown = order.order[request.first : request.first + request.size]
        items, documents_ms = {}, 0.0
        if shown:
            # Of the very release that ranked them, so that no page mixes two releases.
            body = documents_body([fused.id for fused in shown])
            answer = self._cluster.search(index=ranking.release, body=body)
            items, documents_ms = read_documents(answer), float(answer["took"])
        book = SignalBook(ranking.spec, ranking.results)
        reranked = order.found.signals if order.found else {}
        hits = tuple(
            Hit(items[fused.id], rank, fused.score, book.of(fused), reranked.get(fused.id))
            for rank, fused in enumerate(shown, request.first + 1)
            if fused.id in items
        )
        total_ms = (time.perf_counter() - started) * 1000
        server_ms = ranking.server_ms + order.server_ms + documents_ms
        return Page(
            hits=hits,
            page=request.page,
            size=request.size,
            reachable=len(ranking.fused),
            total=max(ranking.total, len(ranking.fused)),
            total_is_exact=ranking.total_is_exact,
            release=ranking.release,
            facets=ranking.facets,
            path=ranking.path,
            corrected=ranking.corrected,
            reranked=len(reranked),
            rerank_stopped=order.found is not None and order.found.stopped,
            timings=Timings(total_ms, ranking.encode_ms, server_ms, order.ms),
        )

    def _attempt(self, plan: Plan) -> Ranking:
        """Carry a plan out.

        Most queries cost one request. One that looks like a part number costs one more before it; one with
        words that no item has costs one more after it, with several shards two.

        Raises:
            _ReleaseChanged: another release than the plan's answered.
        """
        named = None
        if plan.lookup:
            counted = facets_body(plan.facets) if plan.facets else None
            answer = self._asked(exact_body(plan.text, plan.numbers, plan.clauses, counted))
            named = read_exact(answer)
            if named.ids:
                _expect(plan, named.release)
            if named.by_id:
                return alone(plan, named, answer)
        ranking = self._rank(plan, plan.text, spelling=plan.spelling)
        if ranking.suggested is not None:
            ranking = self._corrected(plan, ranking, ranking.suggested)
        return pinned(ranking, named) if named else ranking

    def _rank(self, plan: Plan, text: str, *, spelling: bool = False) -> Ranking:
        started = time.perf_counter()
        vectors = self._encoders.vectors(text, plan.legs, plan.live.meta)
        tokens = self._encoders.tokens(text, plan.legs)
        encode_ms = (time.perf_counter() - started) * 1000
        question = Question(text, vectors, plan.clauses, plan.window, tokens)
        answer = self._asked(plan_body(plan, question, spelling=spelling), candidates_params(plan.fusion))
        ranking = read_ranking(plan, text, answer, encode_ms)
        _expect(plan, ranking.release)
        return ranking

    def _corrected(self, plan: Plan, typed: Ranking, suggested: Correction) -> Ranking:
        """The ranking of the corrected words, or of those typed where that finds nothing."""
        correction: Correction | None = suggested
        if plan.live.shards > 1:
            # A word that one shard lacks another may have.
            answer = self._asked(having_body(list(suggested.words)))
            correction = without_words(typed.text, suggested, words_had(answer))
            typed = replace(typed, server_ms=typed.server_ms + float(answer["took"]))
        if correction is None:
            return typed
        again = self._rank(plan, correction.text)
        # With filters, the corrected words may find no more than those typed.
        if not any(again.results[leg].ids for leg in plan.word_legs):
            return typed
        return corrected_ranking(typed, again, correction)

    def _asked(self, body: Mapping[str, Any], params: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self._cluster.search(
            index=self._index.name, body=dict(body), params=dict(params or {})
        )
        check_complete(answer)
        return answer


class _ReleaseChanged(Exception):
    """Another release than the one planned for answered."""


def _expect(plan: Plan, release: str) -> None:
    if release != plan.release:
        raise _ReleaseChanged(release)
