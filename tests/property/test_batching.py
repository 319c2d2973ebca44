"""Token-budget batches: nothing lost, nothing twice, never over the budget."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aisle.encoder.tokenizer import padded, token_batches

LENGTHS = st.lists(st.integers(min_value=0, max_value=300), max_size=200)
BUDGETS = st.integers(min_value=1, max_value=2048)


@given(LENGTHS, BUDGETS)
def test_every_input_is_in_exactly_one_batch(lengths: list[int], budget: int) -> None:
    positions = [int(i) for batch in token_batches(lengths, budget) for i in batch]
    assert sorted(positions) == list(range(len(lengths)))


@given(LENGTHS, BUDGETS)
def test_only_a_single_input_may_exceed_the_budget(lengths: list[int], budget: int) -> None:
    for batch in token_batches(lengths, budget):
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= budget


@given(LENGTHS, BUDGETS)
def test_lengths_descend_from_batch_to_batch(lengths: list[int], budget: int) -> None:
    ordered = [lengths[i] for batch in token_batches(lengths, budget) for i in batch]
    assert ordered == sorted(lengths, reverse=True)


@given(LENGTHS, BUDGETS)
def test_no_batch_could_have_taken_the_next_input(lengths: list[int], budget: int) -> None:
    batches = token_batches(lengths, budget)
    for batch in batches[:-1]:
        assert (len(batch) + 1) * max(1, lengths[batch[0]]) > budget


@given(st.lists(st.lists(st.integers(min_value=1, max_value=30_000), min_size=1, max_size=20), min_size=1))
def test_padding_keeps_every_token_in_place(rows: list[list[int]]) -> None:
    ids, lengths = padded(rows)
    assert ids.dtype == lengths.dtype == np.int64
    assert [ids[i, :n].tolist() for i, n in enumerate(lengths)] == rows
    assert ids.sum() == sum(map(sum, rows))
