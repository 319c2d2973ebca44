"""Models that order the candidates of a search: the learned ranker, then the reranker, if there are any."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aisle.cluster import Cluster
from aisle.cluster.request_scope import share_of_the_time
from aisle.errors import DeadlinePassed, InputError
from aisle.search.answers import check_complete
from aisle.search.plan import SearchSettings
from aisle.search.preflight import LiveIndex, Preflight, read_live
from aisle.search.rank import Reranker, RerankOptions
from aisle.search.rank.evidence import EVIDENCE_PARAMS, Evidence, evidence_body, read_evidence
from aisle.search.rank.ranker import DEPTH, LearnedOrder, RankedByModel, Ranker
from aisle.search.rank.reranker import RerankedOrder, read_texts, texts_body
from aisle.search.rank.shown import Shown, ShownDocuments, shown_body, version_of
from aisle.search.ranking import Ranking
from aisle.search.request import SearchRequest
from aisle.search.stored import with_ids

# Of the time that is left to a request, what its ranker may ask for; documents come after it.
_RANKERS_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Ordering:
    """The models of a search client that order its candidates. It may be used from several threads.

    Attributes:
        cluster: connection.
        settings: of the client.
        index: its look at the live release.
        ranker: orders the fused candidates.
        reranker: orders the best of them, for searches that ask for it.
        shown: what documents say that its ranker has met.
    """

    cluster: Cluster
    settings: SearchSettings
    index: Preflight
    ranker: Ranker | None = None
    reranker: Reranker | None = None
    shown: ShownDocuments = field(default_factory=ShownDocuments, compare=False, repr=False)

    def check(self, request: SearchRequest) -> None:
        """Refuse a request for a model that is not there.

        Raises:
            InputError: naming what is missing.
        """
        if request.rerank is not None:
            self._needed_reranker()
        if request.ranker:
            self._needed_ranker()

    def by_ranker(self, request: SearchRequest, ranking: Ranking) -> LearnedOrder:
        """The ranker's order, where it is to order anything and there is time."""
        wanted = self.ranker is not None if request.ranker is None else request.ranker
        if not wanted or ranking.listed is not None or ranking.sort is not None:
            return LearnedOrder()
        began = time.perf_counter()
        try:
            with share_of_the_time(_RANKERS_SHARE):
                ranked, server_ms = self.order(ranking)
        except DeadlinePassed:
            return LearnedOrder(None, (time.perf_counter() - began) * 1000, stopped=True)
        return LearnedOrder(ranked, (time.perf_counter() - began) * 1000, server_ms)

    def evidence(self, ranking: Ranking, depth: int = DEPTH) -> tuple[Evidence, float]:
        """What a ranker is told of the best candidates behind those that the query names.

        It costs a request, and another one for documents that are new to this client or were changed.

        Args:
            ranking: of this client's index.
            depth: how many.

        Returns:
            The evidence, without candidates for a list, and the milliseconds that OpenSearch ``took``.

        Raises:
            IndexNotFound: the release was deleted meanwhile.
            ClusterError: the cluster does not answer.
        """
        question, first = ranking.question, ranking.pinned_first
        fused = ranking.fused[first : first + depth]
        if question is None or not fused:
            return Evidence(ranking.text, (), (), (), ()), 0.0
        live = self.index.live()
        if live.meta.release != ranking.release:
            live = read_live(self.cluster, ranking.release)
        legs = [self.settings.legs[name] for name in ranking.spec.legs]
        body = evidence_body(question, legs, live.meta, [each.id for each in fused])
        answer = self.cluster.search(index=ranking.release, body=body, params=dict(EVIDENCE_PARAMS))
        check_complete(answer)
        hits = {hit["_id"]: hit for hit in with_ids(answer["hits"]["hits"])}
        shown, took = self._documents(live, hits)
        found = read_evidence(
            hits, shown, question, live.meta, fused, ranking.results, corrected=ranking.corrected is not None
        )
        return found, answer["took"] + took

    def _documents(
        self, live: LiveIndex, hits: Mapping[str, Mapping[str, Any]]
    ) -> tuple[dict[str, Shown], float]:
        """What the documents of these hits say, and the milliseconds that OpenSearch took for new ones."""
        shown = self.shown.find(live.uuid, {id_: version_of(hit) for id_, hit in hits.items()})
        new = [id_ for id_ in hits if id_ not in shown]
        if not new:
            return shown, 0.0
        answer = self.cluster.search(index=live.meta.release, body=shown_body(new))
        check_complete(answer)
        return shown | self.shown.read(live.uuid, answer["hits"]["hits"]), float(answer["took"])

    def order(self, ranking: Ranking) -> tuple[RankedByModel, float]:
        """The candidates of ``rank`` in the ranker's order, without documents, and OpenSearch's milliseconds.

        Items that the query names stay on top.

        Args:
            ranking: of this client's index.

        Raises:
            InputError: this client has no ranker.
            IndexNotFound: the release was deleted meanwhile.
            ClusterError: the cluster does not answer.
        """
        ranker = self._needed_ranker()
        evidence, took = self.evidence(ranking, ranker.depth)
        return ranker.rank(evidence, ranking.fused, ranking.pinned_first), took

    def rerank(
        self,
        ranking: Ranking,
        options: RerankOptions,
        *,
        ranked: RankedByModel | None = None,
        later_page: bool = False,
    ) -> RerankedOrder:
        """The candidates of ``rank`` in their final order, without documents.

        Items that the query names stay on top; the best of the others get their final order.

        Args:
            ranking: of this client's index.
            options: how far, how long, how much the model counts.
            ranked: what ``order`` made of it; None: the fused order.
            later_page: stop where the search's first page stopped, if that is remembered.

        Raises:
            InputError: this client has no reranker.
            IndexNotFound: the release was deleted meanwhile.
            ClusterError: the cluster does not answer.
        """
        reranker = self._needed_reranker()
        started = time.perf_counter()
        first = ranking.pinned_first
        candidates = ranked.order if ranked else ranking.fused
        wanted = [fused.id for fused in candidates[first : first + reranker.depth(options)]]
        texts: Mapping[str, str] = {}
        server_ms = 0.0
        if wanted:
            answer = self.cluster.search(index=ranking.release, body=texts_body(wanted))
            texts, server_ms = read_texts(answer), float(answer["took"])
        found = reranker.rerank(
            ranking.text,
            candidates,
            texts,
            options,
            before={each.id: ranked.value(each.id) for each in candidates} if ranked else {},
            pinned=first,
            spent_ms=(time.perf_counter() - started) * 1000,
            later_page=later_page,
        )
        return RerankedOrder(found.order, found, (time.perf_counter() - started) * 1000, server_ms)

    def _needed_reranker(self) -> Reranker:
        if self.reranker is None:
            raise InputError(
                "this client has no reranker",
                fix="give SearchClient(reranker=...) one, or name one: aisle search --rerank REF",
            )
        return self.reranker

    def _needed_ranker(self) -> Ranker:
        if self.ranker is None:
            raise InputError(
                "this client has no ranker",
                fix="name one that `aisle train ranker` made: aisle search --ranker REF",
            )
        return self.ranker
