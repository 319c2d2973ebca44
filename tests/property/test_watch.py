"""Alarms do not flap, actions keep their distance, and drift is 0 without a change."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aisle.evaluation.watch.alarms import Alarm, Decision, acted, decide
from aisle.evaluation.watch.policy import WatchPolicy
from aisle.evaluation.watch.readings import Reading, Signal
from aisle.evaluation.watch.stability import stability

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
LIMIT = 0.2
ACTION = "command"
policies = st.builds(
    WatchPolicy,
    recovery=st.floats(0, 1),
    confirm=st.integers(1, 4),
    cooldown_hours=st.floats(0, 48),
)
values = st.floats(0, 1)
rounds = st.lists(st.tuples(values, st.booleans()), max_size=30)


def run(policy: WatchPolicy, series: Sequence[tuple[float, bool]]) -> list[tuple[datetime, Decision]]:
    """One round an hour; what is due is acted on."""
    alarms: dict[str, Alarm] = {}
    found = []
    for hour, (value, sure) in enumerate(series):
        now = BEGUN + timedelta(hours=hour)
        decision = decide(alarms, [Reading(Signal.CTR, "ctr", value, LIMIT, sure)], policy, now, [ACTION])
        alarms = acted(decision.alarms, decision.due.get(ACTION, ()), ACTION, policy, now)
        found.append((now, decision))
    return found


@given(policies, rounds)
def test_actions_of_one_trigger_keep_their_distance(
    policy: WatchPolicy, series: list[tuple[float, bool]]
) -> None:
    times = [now for now, decision in run(policy, series) if decision.due]
    for earlier, later in itertools.pairwise(times):
        assert later - earlier >= timedelta(hours=policy.cooldown_hours)


@given(policies, rounds)
def test_an_alarm_is_raised_beyond_its_limit_and_ends_only_well_within(
    policy: WatchPolicy, series: list[tuple[float, bool]]
) -> None:
    was_raised = False
    for (value, sure), (_, decision) in zip(series, run(policy, series), strict=True):
        is_raised = bool(decision.active)
        if is_raised and not was_raised:
            assert sure and value > LIMIT and decision.raised == ("ctr",)
        if was_raised and not is_raised:
            assert value <= policy.recovery * LIMIT and decision.ended == ("ctr",)
        assert bool(decision.raised) == (is_raised and not was_raised)
        was_raised = is_raised


@given(policies, st.lists(st.tuples(st.floats(0.76 * LIMIT, 1), st.booleans()), max_size=30))
def test_what_hovers_at_its_limit_is_one_alarm(policy: WatchPolicy, series: list[tuple[float, bool]]) -> None:
    steady = WatchPolicy(recovery=0.75, confirm=policy.confirm, cooldown_hours=policy.cooldown_hours)
    assert sum(bool(decision.raised) for _, decision in run(steady, series)) <= 1


@given(policies, rounds)
def test_an_alarm_takes_as_many_rounds_as_it_needs_confirming(
    policy: WatchPolicy, series: list[tuple[float, bool]]
) -> None:
    beyond = [sure and value > LIMIT for value, sure in series]
    for at, (_, decision) in enumerate(run(policy, series)):
        if decision.raised:
            assert at + 1 >= policy.confirm and all(beyond[at + 1 - policy.confirm : at + 1])


@given(policies, rounds)
def test_a_round_without_a_figure_changes_nothing(
    policy: WatchPolicy, series: list[tuple[float, bool]]
) -> None:
    for now, decision in run(policy, series):
        silent = decide(decision.alarms, [], policy, now + timedelta(days=30), [ACTION])
        assert silent.alarms == decision.alarms and not (silent.due or silent.raised or silent.ended)


histograms = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10_000), min_size=1)


@given(histograms, histograms)
def test_drift_is_never_below_zero_and_the_same_both_ways_for_as_many(
    before: dict[str, int], now: dict[str, int]
) -> None:
    found, same = stability(before, now), stability(before, before)
    assert found.index >= 0 and 0 <= found.chance <= 1
    assert same.index < 1e-12 and same.chance == 1.0
    assert abs(found.index - stability(now, before).index) < 1e-9


def test_chance_alone_seldom_looks_like_drift() -> None:
    rng = np.random.default_rng(5)
    shares = rng.dirichlet(np.ones(21))
    chances = []
    for _ in range(400):
        before, now = (rng.multinomial(size, shares) for size in (5_000, 2_000))
        chances.append(
            stability(*({str(place): int(n) for place, n in enumerate(one)} for one in (before, now))).chance
        )
    # As often below .05 as that says: of 400 about 20.
    assert 5 <= sum(chance < 0.05 for chance in chances) <= 40
    moved = {str(place): int(n) for place, n in enumerate(rng.multinomial(2_000, shares[::-1]))}
    held = {str(place): int(n) for place, n in enumerate(rng.multinomial(5_000, shares))}
    assert stability(held, moved).chance < 1e-9 and stability(held, moved).index > 0.25
