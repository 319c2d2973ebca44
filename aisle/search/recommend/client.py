"""The client that recommends from an index: three requests, one more where preferences meet a new item."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self, Unpack

import numpy as np
from numpy.typing import NDArray
from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.cluster.capabilities import require_engine
from aisle.errors import AisleError, ArtifactMismatch, IndexNotFound, InputError, SearchError
from aisle.mappings import IndexMeta, RecommendationSpace, fields
from aisle.mappings.vector_types import AS_FP32, layout
from aisle.recommendation.recommender import Recommender
from aisle.search.answers import check_complete, multi_search
from aisle.search.documents import DocumentsRequest, documents_body, read_documents
from aisle.search.execution import ReleaseChanged
from aisle.search.filters import Filters
from aisle.search.fusion import Fused
from aisle.search.legs import QueryEncoders
from aisle.search.preflight import LiveIndex, Preflight
from aisle.search.recommend.history import History, history_body, history_request, read_history
from aisle.search.recommend.page import (
    RecommendationPage,
    RecommendationTimings,
    RecommendedItem,
    page_items,
    read_item_vectors,
)
from aisle.search.recommend.plan import (
    RECOMMENDATIONS,
    RecommendationRanking,
    arranged,
    plan_recommendation,
    preferred,
    read_pool,
)
from aisle.search.recommend.request import RecommendationOptions, RecommendationRequest
from aisle.search.recommend.user_profile import BaseScorer, Profile
from aisle.search.rules.asking import usable
from aisle.search.rules.effects import RuleEffects
from aisle.search.rules.live import RulesReader
from aisle.search.rules.matching import Situation
from aisle.search.rules.store import catalogue_of

# A release that goes live between the requests costs one more attempt.
_ATTEMPTS: Final = 3
# Bad request and not found: how a release answers that is not the one planned for.
_OF_ANOTHER_RELEASE: Final = (400, 404)


@dataclass(frozen=True, slots=True, eq=False)
class RecommendationArtifacts:
    """What a client recommends by: the artifacts that an index was made with.

    Attributes:
        space: what the index says of them.
        recommender: the recommender, with its router if the index has one, and with its preferences.
    """

    space: RecommendationSpace
    recommender: Recommender


class RecommendationClient:
    """Recommends from one index (or alias) that was made with a recommender. Safe to share between threads.

    Open one with `aisle.open_recommendations` and keep it. It holds no users: the history comes with each
    request.

    Args:
        client: connection, see ``aisle.cluster.client``.
        name: alias or index.
        artifacts: those that the index was made with.
        rules: reads the catalogue's rules; None: none act.
    """

    def __init__(
        self,
        client: OpenSearch,
        name: str,
        artifacts: RecommendationArtifacts,
        *,
        rules: RulesReader | None = None,
    ) -> None:
        self._cluster = Cluster.of(client)
        self._artifacts = artifacts
        self._scorer = BaseScorer(artifacts.recommender, artifacts.space.text_dims)
        self._rules = rules
        self._index = Preflight(self._cluster, name, QueryEncoders())
        self._passed: LiveIndex | None = None

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

    def ask(self, request: RecommendationRequest) -> RecommendationPage:
        """Recommend items for a request; raises what ``recommend`` raises."""
        started = time.perf_counter()
        for _ in range(_ATTEMPTS):
            live = self._live()
            try:
                return self._answer(request, live, started)
            except ReleaseChanged:
                self._index.forget()
            except AisleError as error:
                if error.status not in _OF_ANOTHER_RELEASE and not isinstance(error, IndexNotFound):
                    raise
                # If no other release went live, the error stands.
                self._index.forget()
                if self._live() == live:
                    raise
        raise SearchError(
            f"{self._index.name} changed its release {_ATTEMPTS} times during one request",
            fix="run one `aisle index` per name at a time",
        )

    def for_release(self, release: str) -> Self:
        """The same client for one release, which stays with it when another one goes live."""
        fixed = copy.copy(self)
        fixed._index = Preflight(self._cluster, release, QueryEncoders())
        fixed._passed = None
        return fixed

    def _live(self) -> LiveIndex:
        live = self._index.live()
        if live is not self._passed:
            check_artifacts(live.meta, self._artifacts.space)
            if live.meta.recommending().dims:
                kept = layout(AS_FP32.kept_as, live.meta.engine)
                require_engine(self._cluster, live.meta.engine, live.meta.release, simd=kept.simd)
            self._passed = live
        return live

    def _answer(self, request: RecommendationRequest, live: LiveIndex, started: float) -> RecommendationPage:
        release = live.meta.release
        rules = self._ruled(request, live)
        history, history_ms = self._history(request, live)
        before = time.perf_counter()
        profile = self._scorer.profile(history)
        plan = plan_recommendation(request, live, self._scorer, profile, rules)
        profile_ms = _since(before)
        before = time.perf_counter()
        answers = multi_search(self._cluster, self._index.name, plan.bodies())
        _expect(release, (hit["_index"] for answer in answers for hit in answer["hits"]["hits"][:1]))
        pool = read_pool(plan, request, self._scorer, profile, answers)
        preferences = self._artifacts.recommender.preferences
        if preferences is not None and pool.order:
            vectors = self._vectors([fused.id for fused in pool.order], release)
            pool = preferred(pool, preferences, self._scorer.candidates(profile, pool.order, vectors))
        ranking = arranged(plan, pool, answers)
        candidates_ms = _since(before)
        before = time.perf_counter()
        shown = ranking.order[: request.size]
        items, server_ms = self._items(shown, ranking, profile, release)
        documents_ms = _since(before)
        return RecommendationPage(
            items=items,
            unknown=history.unknown,
            titles=history.titles,
            pool=ranking.pool,
            release=release,
            timings=RecommendationTimings(
                _since(started),
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
            _expect(
                live.meta.release, (found["_index"] for found in answer["docs"][:1] if found.get("found"))
            )
        found = read_history(asked, answer, counted, self._artifacts.space.dims)
        return found, _since(before)

    def _vectors(self, ids: Sequence[str], release: str) -> NDArray[np.float32]:
        """Vectors of items, float32 [ids, dims]: the recommender's own; one more request if some are new."""
        vectors, new = self._scorer.known_vectors(ids)
        if new and self._scorer.dims:
            body = {
                "size": len(new),
                "_source": [fields.ITEM_VECTOR],
                "query": {"ids": {"values": new}},
            }
            answer = self._cluster.search(index=release, body=body)
            check_complete(answer)
            rows = {id_: row for row, id_ in enumerate(ids)}
            vectors[[rows[id_] for id_ in new]] = read_item_vectors(answer, new, self._scorer.dims)
        return vectors

    def _items(
        self, shown: list[Fused], ranking: RecommendationRanking, profile: Profile, release: str
    ) -> tuple[tuple[RecommendedItem, ...], float]:
        if not shown:
            return (), 0.0
        ids = [fused.id for fused in shown]
        asked = DocumentsRequest(ids)
        body = documents_body(asked)
        body["_source"] = [*body["_source"], fields.ITEM_VECTOR]
        # Of the very release that ranked them, so that no page mixes two releases.
        answer = self._cluster.search(index=release, body=body)
        check_complete(answer)
        vectors = read_item_vectors(answer, ids, self._artifacts.space.dims)
        items = page_items(
            shown, read_documents(answer, asked).items, vectors, self._scorer, profile, ranking.found_by
        )
        return items, float(answer["took"])

    def _ruled(self, request: RecommendationRequest, live: LiveIndex) -> RuleEffects | None:
        """What rules make of a request; None if they do not act."""
        if request.rules is False or (request.rules is None and self._rules is None):
            return None
        if self._rules is None:
            raise InputError(
                "this client reads no rules",
                fix="open it with aisle.open_recommendations(name), without rules=False",
            )
        moment = request.at or datetime.now(UTC)
        context = frozenset((*request.context, RECOMMENDATIONS))
        asked = Situation("", request.filters or Filters(), context, moment)
        return usable(self._rules.effects(catalogue_of(live.meta.release), asked), live)


def check_artifacts(meta: IndexMeta, mine: RecommendationSpace) -> None:
    """Refuse a release that was made with other artifacts than these.

    Raises:
        ForeignIndex: it was made without a recommender.
        ArtifactMismatch: naming what differs.
    """
    theirs = meta.recommending()
    for what in ("recommender", "codes", "router"):
        one, other = getattr(theirs, what), getattr(mine, what)
        if one != other:
            raise ArtifactMismatch(
                f"index {meta.release} was made with {what} {one[:12] or 'none'}, this client has"
                f" {other[:12] or 'none'}",
                fix="open it again: aisle.open_recommendations loads what the live release was made with",
            )


def _expect(release: str, found: Iterable[str]) -> None:
    for index in found:
        if index != release:
            raise ReleaseChanged(index)


def _since(before: float) -> float:
    return (time.perf_counter() - before) * 1000
