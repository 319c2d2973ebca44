"""The client that recommends from an index: three requests, one more where preferences meet a new item."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray
from opensearchpy import OpenSearch

from aisle.mappings import IndexMeta, RecommendationSpace, fields
from aisle.recommendation.recommender import Recommender
from aisle.search.answers import check_complete, multi_search
from aisle.search.documents import DocumentsRequest, documents_body, read_documents
from aisle.search.fusion import Fused
from aisle.search.preflight import LiveIndex
from aisle.search.recommend.history import History, history_body, history_request, read_history
from aisle.search.recommend.page import (
    RecommendationPage,
    RecommendationTimings,
    RecommendedItem,
    page_items,
    read_item_vectors,
    read_semantic_ids,
)
from aisle.search.recommend.plan import (
    RECOMMENDATIONS,
    RecommendationRanking,
    arranged,
    plan_recommendation,
    preferred,
    read_hits,
    read_pool,
)
from aisle.search.recommend.request import RecommendationOptions, RecommendationRequest
from aisle.search.recommend.user_profile import BaseScorer, Profile
from aisle.search.release_client import ReleaseClient, check_artifact, expect_release, ms_since
from aisle.search.rules.live import RulesReader


@dataclass(frozen=True, slots=True, eq=False)
class RecommendationArtifacts:
    """What a client recommends by: the artifacts that an index was made with.

    Attributes:
        space: what the index says of them.
        recommender: the recommender, with its router if the index has one, and with its preferences.
    """

    space: RecommendationSpace
    recommender: Recommender


class RecommendationClient(ReleaseClient[RecommendationRequest, RecommendationPage]):
    """Recommends from one index (or alias) that was made with a recommender. Safe to share between threads.

    Open one with `aisle.open_recommendations` and keep it. It holds no users: the history comes with each
    request.

    Args:
        client: connection, see ``aisle.cluster.client``.
        name: alias or index.
        artifacts: those that the index was made with.
        rules: reads the catalogue's rules; None: none act.
    """

    opened_by = "open_recommendations"
    context = RECOMMENDATIONS

    def __init__(
        self,
        client: OpenSearch,
        name: str,
        artifacts: RecommendationArtifacts,
        *,
        rules: RulesReader | None = None,
    ) -> None:
        super().__init__(client, name, rules)
        self._artifacts = artifacts
        self._scorer = BaseScorer(artifacts.recommender, artifacts.space.text_dims)

    def recommend(
        self, history: Iterable[str] = (), **options: Unpack[RecommendationOptions]
    ) -> RecommendationPage:
        """Recommend items for a history, of those that pass the filters now.

        Example:
            >>> shop = aisle.open_recommendations("shop")
            >>> found = shop.recommend(["drill-18v"], filters=aisle.Filters(in_stock=True), size=1).items[0]
            >>> found.title, found.because
            ('Drill bits, 19 pieces', 'drill-18v')

        Args:
            history: ids of items, oldest first. May be empty: then what many buy is recommended.
            options: see `RecommendationRequest`.

        Raises:
            InvalidQuery: something that cannot be asked.
            InputError: rules are asked for, and the client reads none.
            ForeignIndex: the release was made without a recommender.
            ArtifactMismatch: it was made with another recommender than the client's.
            IndexNotFound, SearchError, ClusterError: as ``SearchClient.search``.
        """
        return self.ask(RecommendationRequest(history, **options))  # type: ignore[arg-type]

    def _check(self, meta: IndexMeta) -> None:
        theirs, mine = meta.recommending(), self._artifacts.space
        for what in ("recommender", "codes", "router"):
            check_artifact(meta, what, getattr(theirs, what), getattr(mine, what), self.opened_by)
        if theirs.dims:
            self._require_engine(meta)

    def _answer(self, request: RecommendationRequest, live: LiveIndex, started: float) -> RecommendationPage:
        release = live.meta.release
        rules = self._ruled(request, live)
        history, history_ms = self._history(request, live)
        before = time.perf_counter()
        profile = self._scorer.profile(history)
        plan = plan_recommendation(request, live, self._scorer, profile, rules)
        profile_ms = ms_since(before)
        before = time.perf_counter()
        answers = multi_search(self._cluster, self._index.name, plan.bodies())
        expect_release(release, (hit["_index"] for answer in answers for hit in answer["hits"]["hits"][:1]))
        hits = read_hits(plan, answers)
        pool = read_pool(plan, self._scorer, profile, hits)
        preferences = self._artifacts.recommender.preferences
        if preferences is not None and pool.order:
            vectors = self._vectors([fused.id for fused in pool.order], release)
            pool = preferred(pool, preferences, self._scorer.candidates(profile, pool.order, vectors))
        ranking = arranged(plan, pool, hits, answers)
        candidates_ms = ms_since(before)
        before = time.perf_counter()
        shown = ranking.order[: request.size]
        items, server_ms = self._items(shown, ranking, profile, release)
        documents_ms = ms_since(before)
        return RecommendationPage(
            items=items,
            unknown=history.unknown,
            titles=self._scorer.titles(history),
            pool=len(ranking.pool.order),
            release=release,
            timings=RecommendationTimings(
                ms_since(started),
                history_ms,
                profile_ms,
                candidates_ms,
                documents_ms,
                ranking.server_ms + server_ms,
            ),
            rules=rules.report(ranking.outcomes) if rules else None,
        )

    def _history(self, request: RecommendationRequest, live: LiveIndex) -> tuple[History, float]:
        """What is known of the history, and the milliseconds that it took: no request for an empty one."""
        before = time.perf_counter()
        counted = self._artifacts.recommender.places
        asked = history_request(request.history, counted)
        answer: Mapping[str, Any] = {"docs": []}
        if not asked.is_empty:
            answer = self._cluster.mget(
                index=self._index.name, body=history_body(asked), params={"realtime": "false"}
            )
            expect_release(
                live.meta.release, (found["_index"] for found in answer["docs"][:1] if found.get("found"))
            )
        found = read_history(asked, answer, counted, self._artifacts.space.dims)
        return found, ms_since(before)

    def _vectors(self, ids: Sequence[str], release: str) -> NDArray[np.float32]:
        """Vectors of items, float32 [ids, dims]: the recommender's own; one more request if some are new."""
        vectors, new = self._scorer.known_vectors(ids)
        if new and self._scorer.dims:
            answer = self._cluster.search(index=release, body=_vectors_body(new))
            check_complete(answer)
            _put_vectors(vectors, ids, new, answer)
        return vectors

    def _items(
        self, shown: list[Fused], ranking: RecommendationRanking, profile: Profile, release: str
    ) -> tuple[tuple[RecommendedItem, ...], float]:
        if not shown:
            return (), 0.0
        ids = [fused.id for fused in shown]
        asked = DocumentsRequest(ids)
        body = documents_body(asked)
        levels = self._artifacts.space.levels
        body["_source"] = [*body["_source"], *([fields.sid(levels)] if levels else [])]
        # A vector makes a document four times as dear to read: they are read where there is no other way.
        vectors, others = self._scorer.vectors_of(profile, shown)
        bodies = [body, _vectors_body(others)] if others else [body]
        # Of the very release that ranked them, so that no page mixes two releases.
        answers = multi_search(self._cluster, release, bodies)
        if others:
            _put_vectors(vectors, ids, others, answers[1])
        items = page_items(
            shown,
            read_documents(answers[0], asked).items,
            vectors,
            self._scorer,
            profile,
            ranking.pool.found_by(ids),
            read_semantic_ids(answers[0], levels) if levels else {},
        )
        return items, sum(float(answer["took"]) for answer in answers)


def _vectors_body(ids: Sequence[str]) -> dict[str, Any]:
    """A request for the item vectors of some items."""
    return {"size": len(ids), "_source": [fields.ITEM_VECTOR], "query": {"ids": {"values": list(ids)}}}


def _put_vectors(
    vectors: NDArray[np.float32], ids: Sequence[str], some: Sequence[str], answer: Mapping[str, Any]
) -> None:
    """Write the vectors of ``some`` items, of the answer to `_vectors_body`, into their rows among all."""
    rows = {id_: row for row, id_ in enumerate(ids)}
    vectors[[rows[id_] for id_ in some]] = read_item_vectors(answer, some, vectors.shape[1])
