"""Batches of a training epoch: no false negatives, like lengths, the same for the same seed."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.training.data.examples import MEGA_BATCHES, Examples, batch_count, plan_epoch


@st.composite
def rows(draw: st.DrawFn) -> Examples:
    """Few queries and items, so that conflicts are common."""
    count = draw(st.integers(1, 60))
    queries, items = draw(st.integers(1, 12)), draw(st.integers(2, 15))
    width = draw(st.integers(1, 3))
    number = st.integers(0, items - 1)
    answers = [draw(st.frozensets(number, min_size=1, max_size=4)) for _ in range(queries)]
    query = [draw(st.integers(0, queries - 1)) for _ in range(count)]
    candidates = []
    for own in query:
        others = [n for n in range(items) if n not in answers[own]] or [min(answers[own])]
        negatives = [draw(st.sampled_from(others)) for _ in range(width - 1)]
        candidates.append((draw(st.sampled_from(sorted(answers[own]))), *negatives))
    return Examples(
        tuple(f"q{n}" for n in range(queries)),
        tuple(f"i{n}" for n in range(items)),
        tuple(query),
        tuple(candidates),
        tuple(answers[own] for own in query),
    )


@given(rows(), st.integers(1, 9), st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_batches_hold_no_false_negative(examples: Examples, size: int, seed: int, epoch: int) -> None:
    lengths = [sum(row) for row in examples.candidates]
    batches = plan_epoch(examples, lengths, size, seed, epoch)
    assert len(batches) == batch_count(len(examples), size)
    assert all(1 <= len(batch) <= size for batch in batches)
    assert max(Counter(row for batch in batches for row in batch).values()) == 1
    for batch in batches:
        assert len({examples.query[row] for row in batch}) == len(batch)
        assert [lengths[row] for row in batch] == sorted(lengths[row] for row in batch)
        for row in batch:
            negatives = {i for other in batch if other != row for i in examples.candidates[other]}
            assert not negatives & examples.known[row]
    assert batches == plan_epoch(examples, lengths, size, seed, epoch)


def distinct(count: int) -> Examples:
    """Rows without any conflict."""
    texts = tuple(map(str, range(count)))
    numbers = tuple(range(count))
    return Examples(
        texts, texts, numbers, tuple((n,) for n in numbers), tuple(frozenset({n}) for n in numbers)
    )


def test_without_conflicts_every_batch_is_full_and_only_a_remainder_waits() -> None:
    batches = plan_epoch(distinct(1000), [1] * 1000, 30, 0, 0)
    assert len(batches) == 33
    assert {len(batch) for batch in batches} == {30}


def test_another_epoch_or_seed_is_another_order() -> None:
    examples, lengths = distinct(200), [1] * 200
    plans = [plan_epoch(examples, lengths, 10, seed, epoch) for seed, epoch in ((0, 0), (0, 1), (1, 0))]
    assert plans[0] != plans[1] != plans[2] != plans[0]


def test_batches_are_of_like_length() -> None:
    examples = distinct(4 * MEGA_BATCHES * 8)
    lengths = np.random.default_rng(0).integers(5, 60, size=len(examples)).tolist()
    batches = plan_epoch(examples, lengths, 8, 0, 0)
    padded = sum(len(batch) * max(lengths[row] for row in batch) for batch in batches)
    # As drawn, in order, padding makes it half as many again.
    drawn = sum(8 * max(lengths[i : i + 8]) for i in range(0, len(examples), 8))
    assert padded < 1.08 * sum(lengths) < 1.4 * sum(lengths) < drawn


def test_a_row_without_room_comes_back_in_another_epoch() -> None:
    one_query = Examples(
        ("q",), ("a", "b", "c"), (0, 0, 0), ((0,), (1,), (2,)), tuple([frozenset({0, 1, 2})] * 3)
    )
    seen = {row for epoch in range(20) for row in plan_epoch(one_query, [1, 1, 1], 2, 0, epoch)[0]}
    assert seen == {0, 1, 2}
