"""The client that answers similar items from an index: three requests, one more for diversity."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Unpack

from opensearchpy import OpenSearch

from aisle.mappings import IndexMeta, ItemToItemSpace, fields
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.recommendation.item_to_item.quota import Head
from aisle.recommendation.item_to_item.similar import HeadScorer, Trigger
from aisle.search.answers import check_complete, multi_search
from aisle.search.diversity import REORDERED, diversified, read_vectors, vectors_body
from aisle.search.documents import DocumentsRequest, documents_body, read_documents
from aisle.search.fusion import Fused
from aisle.search.preflight import LiveIndex
from aisle.search.recommend.history import can_be_id
from aisle.search.recommend.page import read_item_vectors
from aisle.search.release_client import ReleaseClient, check_artifact, expect_release, ms_since
from aisle.search.rules.live import RulesReader
from aisle.search.similar.page import SimilarHit, SimilarPage, SimilarTimings, page_hits
from aisle.search.similar.plan import (
    SIMILAR_ITEMS,
    SimilarRanking,
    merged_lists,
    plan_similar,
    read_hits,
    read_lists,
    with_pins,
)
from aisle.search.similar.request import SimilarOptions, SimilarRequest
from aisle.search.similar.trigger import IndexedTrigger, read_trigger, trigger_body
from aisle.types import DiversitySignal

_FIELDS: Final = {Head.ENGAGEMENT: fields.ENGAGEMENT, Head.RELEVANCE: fields.RELEVANCE}


@dataclass(frozen=True, slots=True, eq=False)
class SimilarArtifacts:
    """What a client relates items by: the model that an index was made with.

    Attributes:
        space: what the index says of it.
        model: both heads.
    """

    space: ItemToItemSpace
    model: TwoHeads


class SimilarItemsClient(ReleaseClient[SimilarRequest, SimilarPage]):
    """Similar items from one index (or alias) that was made with an item-to-item model.

    Safe to share between threads. Open one with `aisle.open_similar_items` and keep it.

    Args:
        client: connection, see ``aisle.cluster.client``.
        name: alias or index.
        artifacts: that the index was made with.
        rules: reads the catalogue's rules; None: none act.
    """

    opened_by = "open_similar_items"
    context = SIMILAR_ITEMS

    def __init__(
        self,
        client: OpenSearch,
        name: str,
        artifacts: SimilarArtifacts,
        *,
        rules: RulesReader | None = None,
    ) -> None:
        super().__init__(client, name, rules)
        self._space = artifacts.space
        self._scorer = HeadScorer(artifacts.model)

    def similar(self, id: str, **options: Unpack[SimilarOptions]) -> SimilarPage:
        """The items that are most like one, of those that pass the filters now.

        Example:
            >>> shop = aisle.open_similar_items("shop")
            >>> page = shop.similar("drill-18v", alpha=50, filters=aisle.Filters(in_stock=True), size=2)
            >>> [(hit.title, hit.head.value) for hit in page.items]
            [('Drill bits, 19 pieces', 'engagement'), ('Drill, 12 V', 'relevance')]

        Args:
            id: of the trigger.
            options: see `SimilarRequest`.

        Raises:
            InvalidQuery: an item that neither the index nor the model knows, or what cannot be asked.
            InputError: rules are asked for, and the client reads none.
            ForeignIndex: the release was made without an item-to-item model.
            ArtifactMismatch: it was made with another one than the client's.
            IndexNotFound, SearchError, ClusterError: as ``SearchClient.search``.
        """
        return self.ask(SimilarRequest(id, **options))  # type: ignore[arg-type]

    def _check(self, meta: IndexMeta) -> None:
        check_artifact(meta, "model", meta.relating().model, self._space.model, self.opened_by)
        self._require_engine(meta)

    def _answer(self, request: SimilarRequest, live: LiveIndex, started: float) -> SimilarPage:
        release = live.meta.release
        rules = self._ruled(request, live)
        before = time.perf_counter()
        asked = self._trigger(request.id, release)
        trigger_ms = ms_since(before)
        before = time.perf_counter()
        plan = plan_similar(request, live, self._scorer, asked, rules)
        bodies = plan.bodies()
        answers = multi_search(self._cluster, self._index.name, bodies) if bodies else []
        expect_release(release, (hit["_index"] for answer in answers for hit in answer["hits"]["hits"][:1]))
        found = read_hits(plan, answers)
        ranking = merged_lists(plan, read_lists(plan, self._scorer, found), found, answers)
        order, moved, vectors_ms = self._diversified(request.diversity, ranking.order, release)
        order, outcomes = with_pins(plan, ranking, order)
        candidates_ms = ms_since(before)
        before = time.perf_counter()
        shown = order[: request.size]
        hits, documents_server_ms = self._hits(shown, ranking, asked.trigger, moved, release)
        documents_ms = ms_since(before)
        server_ms = ranking.server_ms + vectors_ms + documents_server_ms
        return SimilarPage(
            id=request.id,
            title=asked.trigger.title,
            indexed=asked.indexed,
            alpha=plan.alpha,
            items=hits,
            pool=len(ranking.order),
            release=release,
            timings=SimilarTimings(ms_since(started), trigger_ms, candidates_ms, documents_ms, server_ms),
            rules=rules.report(outcomes) if rules else None,
        )

    def _trigger(self, id_: str, release: str) -> IndexedTrigger:
        answer: Mapping[str, Any] = {"docs": []}
        if can_be_id(id_):
            answer = self._cluster.mget(
                index=self._index.name, body=trigger_body(id_), params={"realtime": "false"}
            )
            expect_release(release, (found["_index"] for found in answer["docs"] if found.get("found")))
        return read_trigger(id_, answer, self._scorer, release)

    def _diversified(
        self, diversity: float, order: list[Fused], release: str
    ) -> tuple[list[Fused], Mapping[str, DiversitySignal], float]:
        """Candidates with unlike ones moved up, what decided, and the milliseconds that vectors took."""
        if not (diversity and order):
            return order, {}, 0.0
        body = vectors_body([fused.id for fused in order[:REORDERED]], fields.RELEVANCE)
        answer = self._cluster.search(index=release, body=body)
        check_complete(answer)
        found = diversified(order, read_vectors(answer, fields.RELEVANCE), diversity)
        return *found, float(answer["took"])

    def _hits(
        self,
        shown: Sequence[Fused],
        ranking: SimilarRanking,
        trigger: Trigger,
        moved: Mapping[str, DiversitySignal],
        release: str,
    ) -> tuple[tuple[SimilarHit, ...], float]:
        if not shown:
            return (), 0.0
        ids = [fused.id for fused in shown]
        asked = DocumentsRequest(ids)
        body = documents_body(asked)
        body["_source"] = [*body["_source"], *_FIELDS.values()]
        # Of the very release that ranked them, so that no page mixes two releases.
        answer = self._cluster.search(index=release, body=body)
        check_complete(answer)
        dims = self._scorer.model.dims
        vectors = {head: read_item_vectors(answer, ids, dims, field) for head, field in _FIELDS.items()}
        items = read_documents(answer, asked).items
        hits = page_hits(shown, items, vectors, self._scorer, trigger, ranking, moved)
        return hits, float(answer["took"])
