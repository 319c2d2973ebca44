"""Counts of baskets add up, whatever the order, bit for bit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.baskets import baskets_from
from aisle.errors import InputError
from aisle.recommendation.item_to_item.basket_counts import (
    UNIT,
    BasketCountOptions,
    count_baskets,
    together_scores,
)

ITEMS = tuple("abcdefg")
# Each makes a dozen sparse matrices; the first call of scipy on a busy machine takes its time.
FEW = settings(deadline=None, max_examples=40)
BASKETS = st.lists(st.lists(st.integers(0, len(ITEMS) - 1), max_size=7), min_size=1, max_size=8)
OPTIONS = st.builds(
    BasketCountOptions,
    log_power=st.sampled_from((0.0, 1.0)),
    power=st.sampled_from((0.0, 0.5, 1.0)),
    largest=st.integers(2, 7),
)


@FEW
@given(BASKETS, OPTIONS)
def test_counts_are_those_of_plain_python(baskets: list[list[int]], options: BasketCountOptions) -> None:
    counts = count_baskets(baskets_from(ITEMS, baskets), options)
    taken, together = [0] * len(ITEMS), np.zeros((len(ITEMS), len(ITEMS)), dtype=np.int64)
    for basket in map(set, baskets):
        if len(basket) > options.largest:
            continue
        if not basket:
            continue
        weight = round(
            UNIT / (math.log2(1 + len(basket)) ** options.log_power * len(basket) ** options.power)
        )
        for one in basket:
            taken[one] += 1
            for other in basket - {one}:
                together[one, other] += weight
    assert counts.taken.tolist() == taken
    assert counts.together.toarray().tolist() == together.tolist()
    assert np.allclose(together_scores(counts).toarray(), together / UNIT)


@FEW
@given(BASKETS, st.data(), OPTIONS)
def test_a_day_that_is_added_is_a_rebuild(
    baskets: list[list[int]], data: st.DataObject, options: BasketCountOptions
) -> None:
    day = data.draw(st.integers(0, len(baskets)), label="day")
    order = data.draw(st.permutations(baskets), label="order")
    before = count_baskets(baskets_from(ITEMS, baskets[:day]), options)
    added = count_baskets(baskets_from(ITEMS, baskets[day:]), options)
    rebuilt = count_baskets(baskets_from(ITEMS, order), options)
    assert (before + added).equals(rebuilt)
    assert (rebuilt - added).equals(before)


@FEW
@given(BASKETS, st.permutations(range(len(ITEMS))), st.integers(0, len(ITEMS)))
def test_counts_follow_a_catalogue_that_changes(
    baskets: list[list[int]], order: list[int], kept: int
) -> None:
    names = (*(ITEMS[item] for item in order[:kept]), "new")
    held = baskets_from(ITEMS, baskets)
    counts = count_baskets(held).over(names)
    whole = count_baskets(held)
    for row, one in enumerate(names[:-1]):
        assert counts.taken[row] == whole.taken[ITEMS.index(one)]
        for column, other in enumerate(names[:-1]):
            place = ITEMS.index(one), ITEMS.index(other)
            assert counts.together.toarray()[row, column] == whole.together.toarray()[place]
    assert counts.taken[-1] == 0
    grown = count_baskets(held).over((*ITEMS, "new"))
    assert grown.equals(count_baskets(held.onto((*ITEMS, "new"))))


def test_counts_that_do_not_fit_are_refused() -> None:
    counts = count_baskets(baskets_from(ITEMS, [[0, 1]]))
    with pytest.raises(InputError, match="of other items, or were counted otherwise"):
        counts + count_baskets(baskets_from(ITEMS, [[0, 1]]), BasketCountOptions(log_power=0))
    with pytest.raises(InputError, match="more would be taken away"):
        counts - count_baskets(baskets_from(ITEMS, [[0, 2]]))
    with pytest.raises(InputError, match="in the catalogue twice"):
        counts.over(("a", "a"))
