"""The controller finds what a server can take, keeps away from more, and settles down."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.indexer.concurrency import HillClimb, HillClimbSettings, Interval

Server = Callable[[int], Interval]

windows = st.lists(
    st.builds(
        Interval,
        documents=st.integers(0, 10_000),
        seconds=st.floats(0, 10),
        writers=st.floats(0, 20),
        busy=st.sampled_from([0, 0, 0, 1, 9]),
    ),
    max_size=80,
)
many = st.integers(1, 16)


def server(capacity: int, *, queue: int = 99, noise: float = 0.0, seed: int = 0) -> Server:
    """Works on ``capacity`` requests at a time and turns requests away beyond ``queue``."""
    draw = random.Random(seed)

    def answer(writers: int) -> Interval:
        rate = 1000.0 * min(writers, capacity) * (1 + draw.gauss(0, noise))
        return Interval(round(rate), 1.0, writers, busy=max(0, writers - queue))

    return answer


def limits(pace: HillClimb, answer: Server) -> Iterator[int]:
    while True:
        yield pace.limit
        pace = pace.after(answer(pace.limit))


@settings(deadline=None)
@given(many, many, windows)
def test_always_from_one_to_the_most(most: int, start: int, seen: list[Interval]) -> None:
    pace = HillClimb.begin(HillClimbSettings(most=most, start=start))
    for window in seen:
        pace = pace.after(window)
        assert 1 <= pace.limit <= most
        assert abs(pace.limit - pace.settled) <= 1


@settings(deadline=None)
@given(many, st.integers(0, 5), windows)
def test_a_busy_node_halves_what_was_settled(most: int, busy: int, seen: list[Interval]) -> None:
    pace = HillClimb.begin(HillClimbSettings(most=most))
    for window in seen:
        pace = pace.after(window)
    after = pace.after(Interval(100, 1.0, pace.limit, busy=busy + 1))
    assert after.limit == max(1, min(pace.limit, pace.settled) // 2)


@settings(deadline=None)
@given(many, windows)
def test_a_limit_that_held_nobody_back_stays(most: int, seen: list[Interval]) -> None:
    pace = HillClimb.begin(HillClimbSettings(most=most))
    for window in seen:
        pace = pace.after(window)
    assert pace.after(Interval(100, 1.0, writers=pace.limit - 0.6)) == pace


@pytest.mark.parametrize("start", [1, 2, 8])
@pytest.mark.parametrize("capacity", range(1, 9))
def test_finds_the_plateau_of_a_server_of_known_capacity(capacity: int, start: int) -> None:
    found = list(islice(limits(HillClimb.begin(HillClimbSettings(start=start)), server(capacity)), 60))
    # From 8 down to 1 costs a failed trial upwards first, and then a window for each step.
    assert capacity in found[: abs(capacity - start) + 8]
    later = found[20:]
    assert later.count(capacity) > 0.8 * len(later)
    assert set(later) <= {capacity - 1, capacity, capacity + 1}


@settings(deadline=None)
@given(st.integers(1, 8), st.integers(1, 30))
def test_recovers_after_a_storm(capacity: int, storm: int) -> None:
    settings = HillClimbSettings()
    pace = HillClimb.begin(settings)
    calm = server(capacity)
    for _ in range(12):
        pace = pace.after(calm(pace.limit))
    for _ in range(storm):
        pace = pace.after(Interval(10, 1.0, pace.limit, busy=3))
    assert pace.limit == 1 or storm < 3
    found = list(islice(limits(pace, calm), 2 * settings.longest_hold))
    assert capacity in found[: settings.longest_hold + settings.most + 1]


@pytest.mark.parametrize("queue", [2, 3, 5])
def test_a_server_that_turns_requests_away_is_overloaded_more_and_more_rarely(queue: int) -> None:
    found = list(islice(limits(HillClimb.begin(HillClimbSettings()), server(8, queue=queue)), 600))
    over = [number for number, limit in enumerate(found) if limit > queue]
    assert 0 < len(over) <= 14
    assert all(later - earlier >= 4 for earlier, later in pairwise(over))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("capacity", [1, 2, 4, 7])
def test_does_not_oscillate_for_ever_on_a_noisy_plateau(capacity: int, seed: int) -> None:
    answer = server(capacity, noise=0.05, seed=seed)
    found = list(islice(limits(HillClimb.begin(HillClimbSettings()), answer), 400))
    late = found[200:]
    changes = sum(a != b for a, b in pairwise(late))
    assert changes <= 0.15 * len(late)
    assert sum(late) / len(late) >= capacity - 1
    # What is lost to trials and to noise: little.
    assert sum(min(limit, capacity) for limit in late) >= 0.9 * capacity * len(late)
