"""Similar items from a model: both heads' lists, kinds, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aisle.errors import InvalidQuery
from aisle.recommendation.item_to_item.kinds import Intent, least_likeness
from aisle.recommendation.item_to_item.quota import Head
from aisle.recommendation.item_to_item.similar import HeadScorer, similar_items
from tests.support.similar_shop import BARE, COUNT, GONE, NEW, PLAIN, model

MADE = model()
SCORER = HeadScorer(MADE)


def by_hand(trigger: str) -> dict[Head, dict[str, float]]:
    place = MADE.places[trigger]
    asked = MADE.engagement[place].copy()
    asked[-1] = 1 if asked.any() else 0
    counted = MADE.counted[[place]].toarray()[0]
    scores: dict[Head, dict[str, float]] = {Head.ENGAGEMENT: {}, Head.RELEVANCE: {}}
    for other, id_ in enumerate(MADE.items):
        if id_ == trigger:
            continue
        if (MADE.engagement[other].any() and asked.any()) or counted[other]:
            scores[Head.ENGAGEMENT][id_] = float(asked @ MADE.engagement[other] + counted[other])
        if MADE.relevance[other].any() and MADE.relevance[place].any():
            scores[Head.RELEVANCE][id_] = float(MADE.relevance[place] @ MADE.relevance[other])
    return scores


def best(scores: dict[str, float], size: int) -> list[str]:
    return sorted(scores, key=lambda id_: (-scores[id_], id_))[:size]


@pytest.mark.parametrize("trigger", ["item-010", BARE, PLAIN, GONE])
def test_each_head_has_its_own_list_and_says_what_it_thinks(trigger: str) -> None:
    expected = by_hand(trigger)
    lists = {head: best(scores, 12) for head, scores in expected.items()}
    for alpha, head in ((100, Head.ENGAGEMENT), (0, Head.RELEVANCE)):
        found = similar_items(SCORER, trigger, size=12, alpha=alpha)
        assert [item.id for item in found.items] == lists[head]
    mixed = similar_items(SCORER, trigger, size=12)
    assert mixed.alpha == 50 and trigger not in [item.id for item in mixed.items]
    for item in mixed.items:
        for head, said in item.heads.items():
            assert said.rank == (lists[head].index(item.id) + 1 if item.id in lists[head] else None)
            assert said.score == pytest.approx(expected[head].get(item.id), abs=1e-5)
    both = {item.head for item in mixed.items}
    assert both == ({Head.ENGAGEMENT} if trigger == BARE else set(Head))


def test_what_is_only_bought_together_is_found_without_vectors() -> None:
    found = similar_items(SCORER, BARE, size=COUNT)
    together = MADE.counted[[MADE.places[BARE]]]
    assert {item.id for item in found.items} == {MADE.items[place] for place in together.indices}


def test_complements_are_of_another_kind_and_substitutes_of_the_same() -> None:
    numbers = {id_: int(id_[-3:]) for id_ in MADE.items if id_ != GONE}
    complements = similar_items(SCORER, "item-010", size=20, intent=Intent.COMPLEMENT)
    substitutes = similar_items(SCORER, "item-010", size=20, intent=Intent.SUBSTITUTE)
    for item in complements.items:
        assert item.head is Head.ENGAGEMENT
        assert item.id in (BARE, PLAIN, GONE) or numbers[item.id] % 4 != 2
    for item in substitutes.items:
        assert item.head is Head.RELEVANCE and numbers[item.id] % 4 == 2
    assert len(complements.items) == len(substitutes.items) == 20
    scores = by_hand("item-010")[Head.RELEVANCE]
    others = numbers.keys() - {PLAIN, BARE}
    of_kind = {id_: score for id_, score in scores.items() if id_ in others and numbers[id_] % 4 == 2}
    assert [item.id for item in substitutes.items] == best(of_kind, 20)


def test_without_a_category_the_likest_are_of_the_kind() -> None:
    scores = by_hand(PLAIN)[Head.RELEVANCE]
    of_kind = {id_ for id_, score in scores.items() if score >= SCORER.likeness}
    assert 0 < len(of_kind) < COUNT / 4
    substitutes = similar_items(SCORER, PLAIN, size=COUNT, intent=Intent.SUBSTITUTE)
    complements = similar_items(SCORER, PLAIN, size=COUNT + 9, intent=Intent.COMPLEMENT)
    assert {item.id for item in substitutes.items} == of_kind
    assert of_kind.isdisjoint(item.id for item in complements.items) and len(complements.items) > COUNT / 2
    # Of an item of which nothing is known but baskets, nothing is of the same kind.
    assert similar_items(SCORER, BARE, intent=Intent.SUBSTITUTE).items == ()
    assert similar_items(SCORER, BARE, intent=Intent.COMPLEMENT).items


def test_likeness_is_that_of_the_likest_of_a_hundred_pairs() -> None:
    angles = np.linspace(0, np.pi, 201, dtype=np.float32)
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    pairs = np.cos(angles[:, None] - angles[None, :])[np.triu_indices(201, 1)]
    assert least_likeness(rows) == pytest.approx(np.quantile(pairs, 0.99), abs=1e-5)
    padded = np.vstack([rows, np.zeros((50, 2), np.float32)])
    assert least_likeness(padded) == pytest.approx(least_likeness(rows), abs=1e-6)
    assert least_likeness(rows[:1]) == least_likeness(np.zeros((5, 2), np.float32)) == 1.0


def test_excluded_items_do_not_come_up_and_free_their_places() -> None:
    plain = [item.id for item in similar_items(SCORER, "item-010", size=6).items]
    without = [item.id for item in similar_items(SCORER, "item-010", size=6, exclude=plain[:2]).items]
    assert without[:2] != plain[:2] and not {*plain[:2]} & {*without} and len(without) == 6


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"id_": NEW}, f"no item '{NEW}' is in the item-to-item model"),
        ({"id_": ""}, "no item '' is in"),
        ({"alpha": 101}, "an alpha of 101 is no percentage"),
        ({"alpha": -1}, "is no percentage"),
        ({"alpha": float("nan")}, "is no percentage"),
        ({"alpha": "50"}, "such as alpha=50$"),
        ({"alpha": 10**400}, "alpha= is a number of more than 1,023 bits"),
        ({"size": -(10**5000)}, "size= is a number of more than"),
        ({"alpha": 50, "intent": Intent.COMPLEMENT}, "found by one head alone"),
        ({"size": 0}, "asks for nothing"),
        ({"exclude": "item-010"}, "exclude= is one text"),
    ],
)
def test_what_cannot_be_asked_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidQuery, match=said):
        similar_items(SCORER, **{"id_": "item-010", **options})
