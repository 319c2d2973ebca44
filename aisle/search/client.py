"""The Python search client: one hybrid question, fused, explained and paged."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, Self, Unpack

from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.encoder.base import QueryEncoder, SparseQueryEncoder
from aisle.errors import AisleError, IndexNotFound, InputError, InvalidQuery, SearchError
from aisle.mappings import FusionSpec
from aisle.mappings.meta import catalogue_of
from aisle.search.answers import check_complete
from aisle.search.arrangement import by_product, in_order, sort_values_of, with_pins
from aisle.search.brief import brief_plan, briefly
from aisle.search.diversity import REORDERED, diversified, read_vectors, vectors_body
from aisle.search.documents import Documents, DocumentsRequest, documents_body, read_documents
from aisle.search.execution import PlanRunner, ReleaseChanged
from aisle.search.filters import Filters
from aisle.search.fusion import Fused
from aisle.search.groups import group_of
from aisle.search.legs import Bm25Leg, DenseLeg, Leg, QueryEncoders
from aisle.search.ordering import Ordering
from aisle.search.page import Matched, MatchType, Page, SignalBook, Timings
from aisle.search.plan import MAX_CANDIDATES, Plan, SearchSettings, resolve, resolve_fusion
from aisle.search.preflight import LiveIndex, Preflight, install_pipeline
from aisle.search.rank import Reranker, RerankOptions
from aisle.search.rank.evidence import Evidence
from aisle.search.rank.ranker import DEPTH, RankedByModel, Ranker
from aisle.search.rank.reranker import RerankedOrder
from aisle.search.ranking import Ranking
from aisle.search.request import SearchOptions, SearchRequest
from aisle.search.rules.asking import usable
from aisle.search.rules.effects import RuleEffects
from aisle.search.rules.live import FixedRules, RulesReader
from aisle.search.rules.matching import Situation
from aisle.search.suggest import Suggestions, SuggestRequest
from aisle.search.suggester import Suggester
from aisle.types import DiversitySignal, Hit, Item

# A release that goes live between plan and answer costs one more attempt.
_ATTEMPTS: Final = 3
# As many as an `AsyncSearchClient` searches at a time.
_COUNTING: Final = 8
# Bad request and not found: how a release answers that is not the one planned for.
_OF_ANOTHER_RELEASE: Final = (400, 404)


class SearchClient:
    """Searches one index (or alias) that Aisle made. It may be used from several threads.

    Args:
        client: connection, see ``aisle.cluster.client``.
        name: alias or index.
        encoder: the index's own encoder; without one only lexical legs can be asked.
        legs: the legs that searches may name; all of them are asked unless a search says otherwise.
        window: candidates per leg; with a ranker at least as many as that orders. Pages are cut from their
            union, so it bounds what paging can reach.
        sparse: the index's own sparse encoder, which a `SparseLeg` among the legs needs.
        typos: correct words that no item has; see ``aisle.search.spelling``.
        exact: items that the query names by id or part number come first; see ``aisle.search.identifiers``.
        negation: leave out what the query takes out; see ``aisle.search.negation``.
        ranker: orders the fused candidates of every search by relevance that does not say otherwise.
        reranker: for searches that ask for reranking.
        rules: reads the catalogue's rules; None: none act.

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
        negation: bool = True,
        ranker: Ranker | None = None,
        reranker: Reranker | None = None,
        rules: RulesReader | FixedRules | None = None,
    ) -> None:
        self._cluster = Cluster.of(client)
        self._encoders = QueryEncoders(encoder, sparse)
        # A ranker is given as many candidates as it learned from, or ranks in the legs mean something else.
        asked = max(window, ranker.depth) if ranker else window
        self._settings = SearchSettings({leg.name: leg for leg in legs}, asked, typos, exact, negation)
        self._rules = rules
        self._index = Preflight(self._cluster, name, self._encoders)
        self._ordering = Ordering(self._cluster, self._settings, self._index, ranker, reranker)
        # They start when facets are first asked for, and end with the interpreter.
        self._threads = ThreadPoolExecutor(_COUNTING, thread_name_prefix="aisle-facets")
        self._runner = PlanRunner(self._cluster, name, self._encoders, self._threads)
        self._suggester = Suggester(self._cluster, self._index)

    def search(self, text: str, **options: Unpack[SearchOptions]) -> Page:
        """One page of results, each hit with its signals.

        Args:
            text: what the shopper typed. Never parsed as query syntax.
            options: see `SearchRequest`.

        Raises:
            InvalidQuery: text, page or size cannot be used.
            InputError: a leg that the client does not have, or reranking without a reranker.
            IndexNotFound, ForeignIndex, ArtifactMismatch, PipelineMissing: see ``aisle.search.preflight``.
            SearchError: the answer is incomplete, or releases go live faster than they can be checked.
            ClusterError: the cluster does not answer.
        """
        return self.ask(SearchRequest(text, **options))

    def ask(self, request: SearchRequest) -> Page:
        """One page of results for a request; raises what ``search`` raises."""
        started = time.perf_counter()
        # Refused before the index is asked anything.
        self._ordering.check(request)
        try:
            return self._page(request, started)
        except IndexNotFound:
            # The release was replaced and deleted between the requests: all again, to the new one.
            return self._page(request, started)

    def brief(self, request: SearchRequest) -> Page:
        """The cheapest page of a request: what has its words, by one request, see ``aisle.search.brief``.

        Args:
            request: one that ``can_be_brief``.

        Raises:
            as ``search``.
        """
        return self._page(briefly(request), time.perf_counter(), brief=True)

    def browse(self, **options: Unpack[SearchOptions]) -> Page:
        """One page of a category, or of all items: what passes the filters, with no query.

        The order is that of popularity, then rating, then newness, as far as the catalogue has them, or the
        one that ``sort`` asks for. Rules that hide or filter act; what they pin or boost does not.

        Example:
            >>> shop.browse(filters=aisle.Filters(category=("Kitchen",)), sort="price", facets=5)

        Args:
            options: see `SearchRequest`; without filters everything is listed.

        Raises:
            InvalidQuery: an option that only a search has, or something to sort by that no item has.
            IndexNotFound, ForeignIndex, SearchError, ClusterError: as ``search``.
        """
        return self.ask(SearchRequest("", browse=True, **options))

    def rank(self, text: str, **options: Unpack[SearchOptions]) -> Ranking:
        """All candidates, best first, without documents: what evaluation scores.

        Takes and raises what ``search`` does; page and reranking do not matter.
        """
        return self.candidates(SearchRequest(text, **options))

    def candidates(self, request: SearchRequest) -> Ranking:
        """All candidates of a request, best first, all from one release; its page and reranking do not
        matter.

        Raises what ``search`` raises.
        """
        plan, ranking = self._ranked(request)
        return self._counted(request, plan, ranking)

    def _counted(self, request: SearchRequest, plan: Plan, ranking: Ranking) -> Ranking:
        """The ranking with its facets, and which of them no item at all has."""
        ranking = self._runner.counted(plan, ranking)
        if ranking.facets is None or not ranking.facets.empty:
            return ranking
        scope = request.filters.scope if request.filters else None
        unknown = self._index.unknown(plan.live, ranking.facets.empty, scope)
        return replace(ranking, facets=replace(ranking.facets, unknown=unknown))

    def _ranked(self, request: SearchRequest, *, brief: bool = False) -> tuple[Plan, Ranking]:
        """What was asked of which release, and the candidates; their facets may still be counted."""
        # A leg that cannot be is refused before the index is asked anything.
        resolve_fusion(request, self._settings.legs)
        for _ in range(_ATTEMPTS):
            live = self._index.live()
            try:
                scope = request.filters.scope if request.filters else None
                edges = self._index.edges(live, scope) if request.facets else {}
                shared = self._index.shared_roots(live) if request.facets else ()
                plan = resolve(request, self._settings, live, self._ruled(request, live), edges, shared)
                if brief:
                    plan = brief_plan(plan, request)
                if plan.listing is None:
                    self._index.check(live, plan.legs, plan.fusion)
                return plan, self._runner.run(plan)
            except ReleaseChanged:
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

    def suggest(
        self, text: str, *, size: int = 8, items: int = 4, filters: Filters | None = None
    ) -> Suggestions:
        """Queries, items, categories and brands that what was typed so far may become.

        Everything suggested finds something in the live release, under the filters. Costs two requests.

        Args:
            text: typed so far; empty suggests the most popular queries and items.
            size: queries, and as many categories and brands at most, 1 to 20.
            items: at most, 0 to 20, one of each group.
            filters: brand, category, price, attributes.

        Raises:
            InvalidQuery: ``size`` or ``items`` cannot be asked for.
            ForeignIndex: the release was made without suggestions.
            IndexNotFound, SearchError, ClusterError: see ``search``.
        """
        return self._suggester.suggest(SuggestRequest(text, size, items, filters or Filters()))

    def items(self, ids: Sequence[str], filters: Filters | None = None) -> Mapping[str, Item]:
        """Items of the live release by their ids.

        Args:
            ids: at most 10,000.
            filters: that they must pass.

        Returns:
            Id to item, of those that are there and pass the filters.

        Raises:
            InvalidQuery: too many ids, or a filter that the release does not have.
            IndexNotFound, ForeignIndex, SearchError, ClusterError: as ``search``.
        """
        if len(ids) > MAX_CANDIDATES:
            raise InvalidQuery(
                f"{len(ids):,} items cannot be read at once", fix=f"ask for at most {MAX_CANDIDATES:,}"
            )
        if filters:
            live = self._index.live()
            filters.check(live.meta, live.numbers)
        asked = DocumentsRequest(ids)
        body = documents_body(asked)
        body["query"] = {"bool": {"filter": [body["query"], *(filters.clauses() if filters else ())]}}
        answer = self._cluster.search(index=self._index.name, body=body)
        check_complete(answer)
        return read_documents(answer, asked).items

    def evidence(self, ranking: Ranking, depth: int = DEPTH) -> tuple[Evidence, float]:
        """What a ranker is told of the best candidates, see `Ordering.evidence`."""
        return self._ordering.evidence(ranking, depth)

    def order(self, ranking: Ranking) -> tuple[RankedByModel, float]:
        """The candidates of ``rank`` in the ranker's order, see `Ordering.order`."""
        return self._ordering.order(ranking)

    def rerank(
        self,
        ranking: Ranking,
        options: RerankOptions,
        *,
        ranked: RankedByModel | None = None,
        later_page: bool = False,
    ) -> RerankedOrder:
        """The candidates of ``rank`` in their final order, see `Ordering.rerank`."""
        return self._ordering.rerank(ranking, options, ranked=ranked, later_page=later_page)

    def for_release(self, release: str) -> Self:
        """The same client for one release, which stays with it when another one goes live.

        Args:
            release: index name, such as the ``release`` of a `Page`.
        """
        fixed = copy.copy(self)
        fixed._index = Preflight(self._cluster, release, self._encoders)
        fixed._ordering = replace(self._ordering, index=fixed._index)
        fixed._runner = PlanRunner(self._cluster, release, self._encoders, self._threads)
        fixed._suggester = Suggester(self._cluster, fixed._index)
        return fixed

    @property
    def legs(self) -> tuple[str, ...]:
        """Names of the legs that searches may name."""
        return tuple(self._settings.legs)

    @property
    def cluster(self) -> Cluster:
        """The connection that it asks."""
        return self._cluster

    @property
    def ranker(self) -> Ranker | None:
        """Orders the candidates of searches by relevance; None: the fusion does."""
        return self._ordering.ranker

    @property
    def reranks(self) -> bool:
        """Whether it has a reranker for searches that ask for one."""
        return self._ordering.reranker is not None

    def install(self, fusion: FusionSpec) -> str:
        """Put a fusion's pipeline on the cluster and return its name."""
        return install_pipeline(self._cluster, fusion)

    def _ruled(self, request: SearchRequest, live: LiveIndex) -> RuleEffects | None:
        """What rules make of a request; None if they do not act."""
        if request.rules is False or (request.rules is None and self._rules is None):
            return None
        if self._rules is None:
            raise InputError(
                "this client reads no rules", fix="open it with aisle.open_search(name), without rules=False"
            )
        moment = request.at or datetime.now(UTC)
        asked = Situation(request.text, request.filters or Filters(), frozenset(request.context), moment)
        return usable(self._rules.effects(catalogue_of(live.meta.release), asked), live)

    def _page(self, request: SearchRequest, started: float, *, brief: bool = False) -> Page:
        plan, ranking = self._ranked(request, brief=brief)
        by_ranker = self._ordering.by_ranker(request, ranking)
        ranked = by_ranker.ranked
        order = RerankedOrder(ranked.order if ranked else ranking.fused)
        if request.rerank is not None:
            order = self.rerank(ranking, request.rerank, ranked=ranked, later_page=request.first > 0)
        results, moved, vectors_ms = self._diversified(request, ranking, order.order)
        listed, outcomes = ranking.listed, ranking.outcomes
        first = request.first if listed is None else listed.first
        if listed is None:
            if request.group:
                ranking, results = by_product(ranking, results)
            results, outcomes = with_pins(ranking, in_order(ranking, results))
        shown = results[first : first + request.size] if listed is None else results
        sorted_by = sort_values_of(ranking)
        found, documents_ms = self._documents(request, ranking, [fused.id for fused in shown])
        book = SignalBook(ranking.spec, ranking.results)
        reranked = order.found.signals if order.found else {}
        learned = ranked.signals([fused.id for fused in shown]) if ranked else {}
        hits = tuple(
            Hit(
                found.items[fused.id],
                rank,
                fused.score,
                book.of(fused) if listed is None else (),
                reranked.get(fused.id),
                fused.additions,
                found.highlights.get(fused.id, {}),
                *found.variants_of(fused.id),
                moved.get(fused.id),
                sorted_by.get(fused.id),
                learned.get(fused.id),
            )
            for rank, fused in enumerate(shown, first + 1)
            if fused.id in found.items
        )
        ranking = self._counted(request, plan, ranking)
        total_ms = (time.perf_counter() - started) * 1000
        server_ms = ranking.server_ms + by_ranker.server_ms + order.server_ms + vectors_ms + documents_ms
        return Page(
            hits=hits,
            page=request.page,
            size=request.size,
            reachable=self._reachable(plan, ranking, len(results)) if listed is None else listed.reachable,
            total=ranking.total if ranking.matched in (Matched.WORDS, Matched.ALL) else len(results),
            total_is_exact=ranking.total_is_exact,
            excluded=ranking.excluded,
            release=ranking.release,
            facets=ranking.facets,
            path=MatchType.SORTED if ranking.sort else ranking.path,
            matched=ranking.matched,
            corrected=ranking.corrected,
            text=request.text,
            ranked=len(ranked.places) if ranked else 0,
            rank_stopped=by_ranker.stopped,
            reranked=len(reranked),
            rerank_stopped=order.found is not None and order.found.stopped,
            timings=Timings(total_ms, ranking.encode_ms, server_ms, order.ms, by_ranker.ms),
            rules=ranking.rules.report(outcomes) if ranking.rules else None,
            sorted_by=ranking.sorted_by,
            cursor=listed.cursor if listed else None,
        )

    def _reachable(self, plan: Plan, ranking: Ranking, found: int) -> int:
        # Of a brief answer the pages after this one are there, too.
        return max(found, min(ranking.total, self._settings.window)) if plan.brief else found

    def _diversified(
        self, request: SearchRequest, ranking: Ranking, order: list[Fused]
    ) -> tuple[list[Fused], Mapping[str, DiversitySignal], float]:
        """Results with unlike ones moved up, what decided, and the milliseconds that their vectors took."""
        if not (request.diversity and order):
            return order, {}, 0.0
        body = vectors_body([each.id for each in order[:REORDERED]])
        answer = self._cluster.search(index=ranking.release, body=body)
        found = diversified(order, read_vectors(answer), request.diversity, ranking.pinned_first)
        return *found, float(answer["took"])

    def _documents(
        self, request: SearchRequest, ranking: Ranking, ids: Sequence[str]
    ) -> tuple[Documents, float]:
        """What a page shows of these items, and the milliseconds that it took."""
        if ranking.items.keys() >= set(ids):
            return Documents(ranking.items), 0.0
        asked = DocumentsRequest(
            ids,
            ranking.text if request.highlight and ranking.text else None,
            {id_: group_of(id_, ranking.values) for id_ in ids} if request.group else {},
            ranking.clauses,
            request.group.size if request.group else 0,
        )
        # Of the very release that ranked them, so that no page mixes two releases.
        answer = self._cluster.search(index=ranking.release, body=documents_body(asked))
        return read_documents(answer, asked), float(answer["took"])
