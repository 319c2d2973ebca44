"""The plan of one request for similar items: what each head asks the index, and what becomes of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from aisle.mappings import fields
from aisle.mappings.signals import NO_BOOSTS, SignalBoosts
from aisle.mappings.vector_types import AS_FP32, knn_score, layout
from aisle.recommendation.channel import best
from aisle.recommendation.item_to_item.kinds import Intent
from aisle.recommendation.item_to_item.quota import Head, Merged, merge_by_quota
from aisle.recommendation.item_to_item.similar import HeadScorer, Trigger
from aisle.search.fusion import Fused, scaled
from aisle.search.groups import collapsed, group_of, pinned_variants
from aisle.search.preflight import LiveIndex
from aisle.search.recommend.channels import (
    MOST_COUNTED,
    AnnChannel,
    CandidateChannel,
    ChannelQuestion,
    Clause,
    CountsChannel,
    excluding,
    products_of,
    scored_by_product,
)
from aisle.search.recommend.history import can_be_id
from aisle.search.rules.asking import marks, missing, moved, pins_body, read_factors, rule_clauses
from aisle.search.rules.effects import Outcome, RuleEffects, placed
from aisle.search.signals import boosted, check_boosts, stored_signals
from aisle.search.similar.request import SimilarRequest
from aisle.search.similar.trigger import IndexedTrigger
from aisle.search.stored import docvalue_fields, stored_values, with_ids

SIMILAR_ITEMS: Final = "similar-items"
"""The context that rules can name to act on similar items alone."""

PARTS: Final = ("vectors", "counts")
"""Of a head's score: inner products of vectors, and of the engagement head what baskets add."""

# How a clause occurs for all that it matches, or for all else.
_OCCURS: Final = MappingProxyType({Intent.SUBSTITUTE: "filter", Intent.COMPLEMENT: "must_not"})


@dataclass(frozen=True, slots=True)
class HeadLeg:
    """One head and the channels by which it finds candidates.

    Attributes:
        head: whose list it makes.
        question: that its channels are asked.
        channels: one request each.
    """

    head: Head
    question: ChannelQuestion
    channels: tuple[CandidateChannel, ...]


@dataclass(frozen=True, slots=True)
class SimilarPlan:
    """What one release is asked.

    Attributes:
        live: the release.
        trigger: whose similar items are wanted.
        legs: of the heads that get places.
        alpha: percent of the places that the engagement head gets.
        clauses: that every candidate matches.
        stored: fields whose values come back with each candidate.
        grouped: whether one item per product comes up.
        pins: ids of items that rules pin.
        rules: what rules make of it; None if they do not act.
        boosts: business signals that count.
        at: moment of the request.
    """

    live: LiveIndex
    trigger: Trigger
    legs: tuple[HeadLeg, ...]
    alpha: float
    clauses: tuple[Clause, ...]
    stored: tuple[str, ...]
    grouped: bool
    pins: tuple[str, ...]
    rules: RuleEffects | None
    boosts: SignalBoosts
    at: datetime

    def bodies(self) -> list[dict[str, Any]]:
        """Of the searches: one for each channel of each head, and one more for pins if there are any."""
        found = [channel.body(leg.question) for leg in self.legs for channel in leg.channels]
        if self.pins:
            found.append(pins_body(self.pins, self.clauses, docvalue_fields(self.stored)))
        return found


def plan_similar(
    request: SimilarRequest,
    live: LiveIndex,
    scorer: HeadScorer,
    asked: IndexedTrigger,
    rules: RuleEffects | None = None,
) -> SimilarPlan:
    """Settle a request for the release that is live.

    Args:
        request: what is asked.
        live: the release.
        scorer: of the client.
        asked: the trigger.
        rules: what rules make of it; None if they do not act.

    Raises:
        InvalidQuery, ForeignIndex: a filter or a signal that the release does not have, or groups.
    """
    if request.filters:
        request.filters.check(live.meta, live.numbers)
    live.meta.require(not request.group or live.meta.schema_version > 1, "be grouped by product")
    boosts = request.boosts or NO_BOOSTS
    check_boosts(boosts, live.meta)
    trigger = asked.trigger
    narrowing: tuple[Clause, ...] = (
        *(request.filters.clauses() if request.filters else ()),
        *(rule_clauses(rules, live.further_languages) if rules else ()),
        *(_of_intent(request.intent, trigger, scorer.likeness) if request.intent else ()),
    )
    excluded = {trigger.id, *request.exclude}
    own = ({"bool": {"must_not": [{"term": {fields.GROUP: asked.group}}]}},) if asked.group else ()
    clauses = (
        *narrowing,
        *excluding([*filter(can_be_id, excluded)]),
        *(own if request.group else ()),
    )
    stored = (*stored_signals(boosts), *((fields.GROUP,) if request.group else ()))
    marked = tuple(marks(rules, live.further_languages)) if rules else ()
    kept = layout(AS_FP32.kept_as, live.meta.engine)
    vectors = {
        Head.ENGAGEMENT: (fields.ENGAGEMENT, trigger.engagement, request.share > 0),
        Head.RELEVANCE: (fields.RELEVANCE, trigger.relevance, request.share < 100),
    }
    legs = []
    for head, (field, vector, has_places) in vectors.items():
        if has_places:
            question = ChannelQuestion(vector, clauses, request.pool_size, kept, stored, marked, field)
            channels: list[CandidateChannel] = [] if vector is None else [AnnChannel()]
            # Filters may leave some out: then all of them are asked for.
            most = MOST_COUNTED if narrowing else request.pool_size + len(excluded)
            counted = _counted(scorer, trigger, excluded, most) if head is Head.ENGAGEMENT else {}
            if counted:
                channels.append(CountsChannel(counted, narrowed=bool(narrowing)))
            legs.append(HeadLeg(head, question, tuple(channels)))
    return SimilarPlan(
        live,
        trigger,
        tuple(legs),
        request.share,
        clauses,
        stored,
        request.group,
        tuple(pin.id for pin in rules.pins) if rules else (),
        rules,
        boosts,
        request.at or datetime.now(UTC),
    )


def _of_intent(intent: Intent, trigger: Trigger, likeness: float) -> tuple[Clause, ...]:
    """The clause for complements or substitutes, see `Intent`."""
    return ({"bool": {_OCCURS[intent]: [_same_kind(trigger, likeness)]}},)


def _same_kind(trigger: Trigger, likeness: float) -> Clause:
    if trigger.category:
        return {"term": {fields.CATEGORY: trigger.category}}
    if trigger.relevance is None:
        return {"match_none": {}}
    scored = scored_by_product({"match_all": {}}, fields.RELEVANCE, trigger.relevance)
    return {"script_score": {**scored["script_score"], "min_score": knn_score(likeness)}}


def _counted(scorer: HeadScorer, trigger: Trigger, excluded: set[str], most: int) -> dict[str, float]:
    """The best of what is in baskets with the trigger, with engagement scores as the model has them."""
    model = scorer.model
    places = np.flatnonzero(trigger.counted)
    scores = trigger.counted[places]
    if trigger.engagement is not None:
        scores = scores + model.engagement[places] @ trigger.engagement
    chosen = best(scores, most, np.ones(len(scores), dtype=np.bool_))
    items = (model.items[place] for place in places[chosen].tolist())
    found = zip(items, scores[chosen].tolist(), strict=True)
    return {id_: score for id_, score in found if id_ not in excluded}


def read_hits(plan: SimilarPlan, answers: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
    """What each channel of each head found, in the order of the plan's bodies."""
    channels = sum(len(leg.channels) for leg in plan.legs)
    return [with_ids(answer["hits"]["hits"]) for answer in answers[:channels]]


def read_lists(
    plan: SimilarPlan, scorer: HeadScorer, hits: Sequence[Sequence[Mapping[str, Any]]]
) -> dict[Head, list[Fused]]:
    """Each head's candidates by its own score alone, best first, ties in order of id.

    Args:
        plan: that was asked.
        scorer: of the client.
        hits: from `read_hits`.
    """
    lists = {}
    left = iter(hits)
    places = scorer.model.places
    counted = plan.trigger.counted
    for leg in plan.legs:
        products: dict[str, float] = {}
        for _ in leg.channels:
            found_here = next(left)
            scored = leg.question.vector is not None
            products |= (
                products_of(found_here) if scored else dict.fromkeys((hit["_id"] for hit in found_here), 0.0)
            )
        found = []
        for id_, product in products.items():
            adds = leg.head is Head.ENGAGEMENT and id_ in places
            together = float(counted[places[id_]]) if adds else 0.0
            found.append(Fused(id_, product + together, (product, together)))
        found.sort(key=lambda fused: (-fused.score, fused.id))
        lists[leg.head] = found[: leg.question.size]
    return lists


@dataclass(frozen=True, slots=True)
class SimilarRanking:
    """The candidates of one request, merged.

    Attributes:
        order: best first, without what rules pin.
        merged: item of it to the place that the merge gave it.
        lists: head to its own list, best first, as it was merged.
        missing: pinned items that cannot be shown, with the reason.
        outcomes: what rules did and could not do, but for pins.
        server_ms: as OpenSearch ``took``, all searches together.
    """

    order: list[Fused]
    merged: Mapping[str, Merged[str]]
    lists: Mapping[Head, Sequence[Fused]]
    missing: Mapping[str, str]
    outcomes: tuple[Outcome, ...]
    server_ms: float


def merged_lists(
    plan: SimilarPlan,
    lists: Mapping[Head, Sequence[Fused]],
    hits: Sequence[Sequence[Mapping[str, Any]]],
    answers: Sequence[Mapping[str, Any]],
) -> SimilarRanking:
    """The heads' lists as one, after business signals and what rules move, each list by itself.

    Args:
        plan: that was asked.
        lists: from `read_lists`.
        hits: from `read_hits`.
        answers: to the plan's bodies.
    """
    once = {hit["_id"]: hit for some in hits for hit in some}
    pinned_hits = answers[-1]["hits"]["hits"] if plan.pins else ()
    values = stored_values([*once.values(), *pinned_hits])
    gone = missing(plan.pins, answers[-1], plan.live.meta.release) if plan.pins else {}
    variants: dict[str, str] = {}
    if plan.grouped:
        variants, gone = pinned_variants(plan.pins, gone, values)
    ranked = {}
    for head, found in lists.items():
        order = boosted(found, plan.boosts, plan.live.meta, values, plan.at)
        if plan.rules is not None:
            order = scaled(order, "rules", read_factors(plan.rules, list(once.values())))
        ranked[head] = collapsed(order, values, variants) if plan.grouped else order
    # Of one product the heads may have found different variants.
    keys = {
        head: [group_of(fused.id, values) if plan.grouped else fused.id for fused in order]
        for head, order in ranked.items()
    }
    places = merge_by_quota(
        keys.get(Head.ENGAGEMENT, ()), keys.get(Head.RELEVANCE, ()), plan.alpha, sum(map(len, keys.values()))
    )
    order = [ranked[place.head][place.rank - 1] for place in places]
    outcomes: tuple[Outcome, ...] = ()
    if plan.rules is not None:
        outcomes = (*plan.rules.outcomes, *moved(plan.rules, list(once.values())))
    return SimilarRanking(
        order,
        {fused.id: place for fused, place in zip(order, places, strict=True)},
        ranked,
        gone,
        outcomes,
        sum(float(answer["took"]) for answer in answers),
    )


def with_pins(
    plan: SimilarPlan, ranking: SimilarRanking, order: Sequence[Fused]
) -> tuple[list[Fused], tuple[Outcome, ...]]:
    """Similar items in their final order with those that rules pin at their places, and all that rules did.

    Args:
        plan: that was asked.
        ranking: of its answers.
        order: of the ranking, after everything else that orders it.
    """
    if plan.rules is None:
        return list(order), ()
    found = placed([fused.id for fused in order], plan.rules.pins, ranking.missing)
    by_id = {fused.id: fused for fused in order}
    nothing = (0.0,) * len(PARTS)
    shown = [by_id.get(id_) or Fused(id_, 0.0, nothing) for id_ in found.ids]
    return shown, (*ranking.outcomes, *found.outcomes)
