"""Shoppers stay in their arm, drafts are fair, and what chance gives is no win."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.evaluation.experiments.design import CONTROL, Arm, Experiment, Kind
from aisle.evaluation.experiments.inference import p_value, rate, wins
from aisle.evaluation.experiments.interleaving import Drafted, Team, preference, team_draft
from aisle.evaluation.experiments.split import arm_of, point

rankings = st.lists(st.sampled_from("abcdefghijkl"), unique=True, max_size=12)
shares = st.tuples(st.floats(0, 100), st.floats(0, 100)).filter(lambda both: sum(both) <= 100)
units = st.text(min_size=1, max_size=20)


def experiment(*percents: float, name: str = "test") -> Experiment:
    arms = tuple(Arm(f"arm{at}", percent, f"shop-v000{at}") for at, percent in enumerate(percents))
    return Experiment(name, "shop", Kind.SPLIT, arms)


@given(shares, shares, units)
def test_nobody_leaves_an_arm_whose_share_does_not_shrink(
    before: tuple[float, float], after: tuple[float, float], unit: str
) -> None:
    was, now = (arm_of(experiment(*both), unit).name for both in (before, after))
    if was != CONTROL and after[int(was[-1])] >= before[int(was[-1])]:
        assert now == was
    if was == CONTROL and after[0] <= before[0] and after[1] <= before[1]:
        assert now == CONTROL


def test_shares_are_kept_and_experiments_are_independent() -> None:
    people = [f"client-{number}" for number in range(20_000)]
    got = Counter(arm_of(experiment(10, 25), who).name for who in people)
    assert got["arm0"] == pytest.approx(2_000, rel=0.1) and got["arm1"] == pytest.approx(5_000, rel=0.05)
    one, other = (np.array([point(name, who) for who in people]) for name in ("one", "other"))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
    # A change of the function would move every shopper of a running experiment.
    assert point("new-ranker", "5e3b2a1c") == 0.8810068653090347


@given(rankings, rankings, st.text(max_size=10), st.integers(0, 30))
def test_a_draft_is_both_lists_without_duplicates_and_alternates(
    control: list[str], arm: list[str], seed: str, size: int
) -> None:
    drafted = team_draft(control, arm, seed, size)
    ids = [one.id for one in drafted]
    assert len(ids) == len(set(ids)) == min(size, len({*control, *arm}))
    # In each pair both pick, unless one has nothing left to pick.
    for end in range(2, len(drafted) + 1, 2):
        teams = [one.team for one in drafted[end - 2 : end]]
        if len(set(teams)) == 1:
            other = (control, arm)[1 - teams[0]]
            assert set(other) <= set(ids[:end])
    # Each picks the best of its own that is left.
    for at, one in enumerate(drafted):
        ranking = (control, arm)[one.team]
        assert one.id == next(id_ for id_ in ranking if id_ not in ids[:at])
    assert team_draft(control, arm, seed, size // 2) == drafted[: size // 2]


@given(rankings, st.text(max_size=10))
def test_alike_rankings_stay_as_they_are(ranking: list[str], seed: str) -> None:
    assert [one.id for one in team_draft(ranking, ranking, seed, 12)] == ranking


def test_a_draft_is_fair_to_both() -> None:
    first = Counter(team_draft(["a"], ["b"], str(number), 2)[0].team for number in range(4_000))
    assert abs(first[Team.ARM] - 2_000) < 4 * math.sqrt(1_000)
    # Clicks at random, whatever the lists are, speak for neither.
    rng = np.random.default_rng(3)
    names = [f"i{number}" for number in range(30)]
    score = 0
    for number in range(4_000):
        control, arm = (list(rng.permutation(names)) for _ in range(2))
        drafted = team_draft(control, arm, str(number), 10)
        clicked = {one.id for one in drafted if rng.random() < 0.2}
        score += preference(drafted, clicked)
    assert abs(score) < 4 * math.sqrt(4_000)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(Team)), unique_by=lambda one: one[0]))
def test_a_preference_is_of_the_team_with_more_clicks(drafted: list[tuple[str, Team]]) -> None:
    draft = [Drafted(*one) for one in drafted]
    teams = Counter(one.team for one in draft)
    expected = teams[Team.ARM] - teams[Team.CONTROL]
    assert preference(draft, [one.id for one in draft]) == (expected > 0) - (expected < 0)
    assert preference(draft, []) == preference(draft, ["elsewhere"]) == 0
    mirrored = [Drafted(one.id, Team(1 - one.team)) for one in draft]
    clicked = [one.id for one in draft[::2]]
    assert preference(mirrored, clicked) == -preference(draft, clicked)


def test_chance_is_significant_as_seldom_as_it_says_though_shoppers_search_often() -> None:
    rng = np.random.default_rng(7)
    found = []
    for _ in range(400):
        # A shopper clicks like himself: 8 searches are not 8 shoppers.
        rates = rng.beta(1, 2, size=400)
        searches = rng.integers(1, 9, size=400)
        clicked = rng.binomial(searches, rates)
        found.append(p_value(rate(clicked[:200], searches[:200]), rate(clicked[200:], searches[200:])) < 0.05)
    assert 5 <= sum(found) <= 36
    of_wins = []
    for _ in range(400):
        leaning = rng.beta(0.5, 0.5, size=150)
        of_wins.append(wins([np.where(rng.random(5) < lean, 1, -1).tolist() for lean in leaning]).p < 0.05)
    assert 5 <= sum(of_wins) <= 36


@given(st.lists(st.lists(st.sampled_from((-1, 0, 1)), max_size=5), max_size=60))
def test_wins_are_the_same_from_either_side(preferences: list[list[int]]) -> None:
    one, other = wins(preferences), wins([[-each for each in shopper] for shopper in preferences])
    assert (one.arm, one.control, one.ties) == (other.control, other.arm, other.ties)
    assert one.p == pytest.approx(other.p) and one.share == pytest.approx(1 - other.share)
    assert 0 <= one.low <= one.share <= one.high <= 1 and 0 <= one.p <= 1
