"""Sequences are cut into windows so that nothing is learned twice, and nothing is lost."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aisle.sequences import sequences_of
from aisle.training.recommendation.windows import windows_of

ITEMS = tuple(f"i{n}" for n in range(6))


@given(st.lists(st.lists(st.integers(0, 5), max_size=30), max_size=8), st.integers(2, 6), st.integers(1, 40))
def test_every_step_but_a_users_first_is_predicted_once(
    histories: list[list[int]], max_steps: int, positions: int
) -> None:
    sequences = sequences_of(ITEMS, histories)
    windows = windows_of(sequences, max_steps)
    assert windows.predicted == sum(max(0, len(history) - 1) for history in histories)
    batches = windows.batches(positions, np.random.default_rng(0))
    assert sorted(np.concatenate(batches).tolist() if batches else []) == list(range(len(windows.lengths)))
    pairs = []
    for batch in batches:
        inputs, targets = windows.padded(batch)
        assert inputs.size <= positions or len(batch) == 1
        assert inputs.shape[1] <= max_steps
        pairs += list(zip(inputs[inputs >= 0].tolist(), targets[targets >= 0].tolist(), strict=True))
    expected = [pair for history in histories for pair in itertools.pairwise(history)]
    assert sorted(pairs) == sorted(expected)


def test_a_user_of_a_million_steps_is_cut_at_once() -> None:
    windows = windows_of(sequences_of(ITEMS, [np.zeros(1_000_000, dtype=np.int32).tolist(), [1, 2]]), 50)
    assert windows.predicted == 999_999 + 1
    assert sum(len(batch) for batch in windows.batches(1024, np.random.default_rng(0))) == 20_001
