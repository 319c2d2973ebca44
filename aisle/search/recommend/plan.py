"""The plan of one recommendation: which channels are asked what, once the history has been read. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from aisle.mappings.signals import NO_BOOSTS, SignalBoosts
from aisle.mappings.vector_types import AS_FP32, layout
from aisle.recommendation.pool import Candidates
from aisle.recommendation.preferences import PREFERENCE, Preferences
from aisle.search.fusion import Fused, LegResult, scaled
from aisle.search.preflight import LiveIndex
from aisle.search.recommend.channels import (
    MOST_COUNTED,
    AnnChannel,
    CandidateChannel,
    ChannelQuestion,
    Clause,
    CountsChannel,
    PopularityChannel,
    PrefixChannel,
    excluding,
    products_of,
)
from aisle.search.recommend.history import can_be_id
from aisle.search.recommend.pool import Pool, pooled, union
from aisle.search.recommend.request import RecommendationRequest
from aisle.search.recommend.user_profile import PARTS, BaseScorer, Profile
from aisle.search.rules.asking import marks, missing, moved, pins_body, read_factors, rule_clauses
from aisle.search.rules.effects import Outcome, RuleEffects, placed
from aisle.search.signals import boosted, check_boosts, stored_signals
from aisle.search.stored import docvalue_fields, stored_values, with_ids
from aisle.types import Addition

RECOMMENDATIONS: Final = "recommendations"
"""The context that rules can name to act on recommendations alone."""

LEVEL: Final = 2
"""Codes in the prefixes that a user is routed by; fewer where semantic IDs have no more."""

PREFIXES: Final = 50
"""Prefixes that a user is routed to."""


@dataclass(frozen=True, slots=True)
class RecommendationPlan:
    """What one release is asked.

    Attributes:
        live: the release.
        question: that every channel is asked.
        channels: that are asked.
        pins: ids of items that rules pin.
        rules: what rules make of it; None if they do not act.
        boosts: business signals that count.
        at: moment of the request.
    """

    live: LiveIndex
    question: ChannelQuestion
    channels: tuple[CandidateChannel, ...]
    pins: tuple[str, ...]
    rules: RuleEffects | None
    boosts: SignalBoosts
    at: datetime

    def bodies(self) -> list[dict[str, Any]]:
        """Of the searches: one for each channel, and one more for pins if there are any."""
        found = [channel.body(self.question) for channel in self.channels]
        if self.pins:
            stored = docvalue_fields(self.question.stored)
            found.append(pins_body(self.pins, self.question.clauses, stored))
        return found


def plan_recommendation(
    request: RecommendationRequest,
    live: LiveIndex,
    scorer: BaseScorer,
    profile: Profile,
    rules: RuleEffects | None = None,
) -> RecommendationPlan:
    """Settle a request for the release that is live.

    Args:
        request: what is asked.
        live: the release.
        scorer: of the client.
        profile: of the history.
        rules: what rules make of it; None if they do not act.

    Raises:
        InvalidQuery, ForeignIndex: a filter or a signal that the release does not have.
    """
    if request.filters:
        request.filters.check(live.meta, live.numbers)
    boosts = request.boosts or NO_BOOSTS
    check_boosts(boosts, live.meta)
    excluded = {*request.exclude, *(request.history if request.exclude_bought else ())}
    narrowing: tuple[Clause, ...] = (
        *(request.filters.clauses() if request.filters else ()),
        *(rule_clauses(rules, live.further_languages) if rules else ()),
    )
    question = ChannelQuestion(
        vector=profile.vector if profile.says_something else None,
        clauses=(*narrowing, *excluding([*filter(can_be_id, excluded)])),
        size=request.pool_size,
        layout=layout(AS_FP32.kept_as, live.meta.engine),
        stored=stored_signals(boosts),
        marks=tuple(marks(rules, live.further_languages)) if rules else (),
    )
    channels: list[CandidateChannel] = [AnnChannel()] if question.vector is not None else []
    if channels and (prefixes := _prefixes(scorer, profile, live)):
        channels.append(prefixes)
    counted = _counted(scorer, profile, excluded, MOST_COUNTED if narrowing else request.pool_size)
    if counted:
        channels.append(CountsChannel(counted, narrowed=bool(narrowing)))
    channels.append(PopularityChannel(scorer.popularity, scorer.recommender.places))
    pins = tuple(pin.id for pin in rules.pins) if rules else ()
    return RecommendationPlan(
        live, question, tuple(channels), pins, rules, boosts, request.at or datetime.now(UTC)
    )


def _prefixes(scorer: BaseScorer, profile: Profile, live: LiveIndex) -> PrefixChannel | None:
    level = min(LEVEL, live.meta.recommending().levels, scorer.depth)
    found = scorer.prefixes(profile, level, PREFIXES) if level else ()
    return PrefixChannel(level, found) if found else None


def _counted(scorer: BaseScorer, profile: Profile, excluded: set[str], most: int) -> dict[str, float]:
    """Items that counts speak for, less what is excluded: the best so many and what ties with them."""
    scores = profile.counts.copy()
    places = scorer.recommender.places
    scores[[places[id_] for id_ in excluded if id_ in places]] = 0
    found = np.flatnonzero(scores > 0)
    if len(found) > most:
        least = np.partition(scores[found], len(found) - most)[len(found) - most]
        found = found[scores[found] >= least]
    items = scorer.recommender.items
    return {items[place]: float(scores[place]) for place in found.tolist()}


@dataclass(frozen=True, slots=True)
class RecommendationRanking:
    """All candidates of one recommendation.

    Attributes:
        order: best first, with what rules pin at its places.
        pool: what it was made of.
        outcomes: what rules did and could not do.
        server_ms: as OpenSearch ``took``, all searches together.
    """

    order: list[Fused]
    pool: Pool
    outcomes: tuple[Outcome, ...]
    server_ms: float


Hits = Sequence[Mapping[str, Any]]


def read_hits(plan: RecommendationPlan, answers: Sequence[Mapping[str, Any]]) -> list[Hits]:
    """What each channel found, in the order of the plan's bodies; ``answers`` are complete."""
    return [with_ids(answer["hits"]["hits"]) for answer in answers[: len(plan.channels)]]


def read_pool(plan: RecommendationPlan, scorer: BaseScorer, profile: Profile, hits: Sequence[Hits]) -> Pool:
    """The pool of what the channels found.

    Args:
        plan: that was asked.
        scorer: of the client.
        profile: of the history.
        hits: from `read_hits`.
    """
    found: dict[str, LegResult] = {}
    known: dict[str, float] = {}
    scored = plan.question.vector is not None
    for channel, there in zip(plan.channels, hits, strict=True):
        products = products_of(there) if scored else dict.fromkeys((hit["_id"] for hit in there), 0.0)
        found[channel.name] = channel.found(plan.question, products)
        known = products | known
    ids = union(found)
    parts = dict(zip(ids, scorer.parts(profile, ids, known), strict=True))
    return pooled(found, parts, plan.question.size)


def preferred(pool: Pool, preferences: Preferences, candidates: Candidates) -> Pool:
    """The pool in the order of preferences.

    Args:
        pool: one candidate or more.
        preferences: of the recommender.
        candidates: those of the pool, in its order.
    """
    added = preferences.added(candidates).tolist()
    order = [
        replace(fused, score=fused.score + value, additions=(*fused.additions, Addition(PREFERENCE, value)))
        for fused, value in zip(pool.order, added, strict=True)
    ]
    order.sort(key=lambda fused: (-fused.score, fused.id))
    return replace(pool, order=order)


def arranged(
    plan: RecommendationPlan, pool: Pool, hits: Sequence[Hits], answers: Sequence[Mapping[str, Any]]
) -> RecommendationRanking:
    """The pool in its final order: after business signals, and what rules move and pin.

    Args:
        plan: that was asked.
        pool: of its answers.
        hits: from `read_hits`.
        answers: to its bodies.
    """
    asked = hits if plan.question.stored else ()
    values = {id_: stored for some in asked for id_, stored in stored_values(some).items()}
    order = boosted(pool.order, plan.boosts, plan.live.meta, values, plan.at)
    outcomes: tuple[Outcome, ...] = ()
    if plan.rules is not None:
        kept = {fused.id for fused in order} if plan.rules.chosen else set()
        once = {hit["_id"]: hit for some in hits for hit in some if hit["_id"] in kept} if kept else {}
        if factors := read_factors(plan.rules, list(once.values())):
            order = scaled(order, "rules", factors)
        gone = missing(plan.pins, answers[-1], plan.live.meta.release) if plan.pins else {}
        pinned = placed([fused.id for fused in order], plan.rules.pins, gone)
        by_id = {fused.id: fused for fused in order}
        nothing = (0.0,) * len(PARTS)
        order = [by_id.get(id_) or Fused(id_, 0.0, nothing) for id_ in pinned.ids]
        outcomes = (*plan.rules.outcomes, *moved(plan.rules, list(once.values())), *pinned.outcomes)
    took = sum(float(answer["took"]) for answer in answers)
    return RecommendationRanking(order, pool, outcomes, took)
