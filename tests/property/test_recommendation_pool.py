"""Invariants of the union of channels and of its budget."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.search.fusion import LegResult
from aisle.search.recommend.channels import best_first
from aisle.search.recommend.pool import pooled, union
from aisle.search.recommend.reference import ItemArrays

IDS = tuple("abcdefghijkl")
NUMBER = st.floats(-2, 2, width=32)
SCORES = st.dictionaries(st.sampled_from(IDS), NUMBER, max_size=len(IDS))
CHANNELS = st.dictionaries(st.sampled_from(("ann", "prefix", "counts", "popularity")), SCORES, max_size=4)
PARTS = st.fixed_dictionaries({id_: st.tuples(NUMBER, NUMBER, NUMBER) for id_ in IDS})
SIZE = st.integers(1, len(IDS))


def of(scores: Mapping[str, Mapping[str, float]], size: int) -> dict[str, LegResult]:
    return {channel: best_first(found, size) for channel, found in scores.items()}


@given(CHANNELS, PARTS, SIZE, SIZE)
def test_a_pool_is_the_best_of_the_union_within_the_budget(
    scores: dict[str, dict[str, float]], parts: dict[str, tuple[float, float, float]], budget: int, asked: int
) -> None:
    found = of(scores, asked)
    everything = union(found)
    assert len(everything) == len(set(everything))
    assert all(set(result.ids) <= set(everything) for result in found.values())
    pool = pooled(found, parts, budget)
    ids = [fused.id for fused in pool.order]
    # Best first by the sum of the parts: nothing that is cut off scores more than what is kept.
    assert ids == sorted(everything, key=lambda id_: (-sum(parts[id_]), id_))[:budget]
    for fused in pool.order:
        assert sum(fused.contributions) == pytest.approx(fused.score)
    # Where an item stands in each channel that found it, and in no other.
    found_by = pool.found_by(ids)
    for id_ in ids:
        held = {channel: result for channel, result in found.items() if id_ in result.ids}
        assert found_by[id_].keys() == held.keys() != set()
        for channel, place in found_by[id_].items():
            assert held[channel].ids[place.rank - 1] == id_
            assert held[channel].scores[place.rank - 1] == place.score


@given(CHANNELS, PARTS, SIZE)
def test_a_greater_budget_takes_nothing_away(
    scores: dict[str, dict[str, float]], parts: dict[str, tuple[float, float, float]], budget: int
) -> None:
    found = of(scores, len(IDS))
    small, large = ({each.id for each in pooled(found, parts, size).order} for size in (budget, budget + 1))
    assert small <= large


@given(st.data(), st.lists(st.booleans(), min_size=12, max_size=12), SIZE)
def test_filters_come_before_the_best_are_taken(data: st.DataObject, allowed: list[bool], size: int) -> None:
    """Each channel of the reference has as many as there are, whatever the filter leaves out."""
    numbers = st.lists(st.integers(-3, 3), min_size=12, max_size=12)
    vectors = np.array([data.draw(numbers), data.draw(numbers)], dtype=np.float32).T
    counts = np.array(data.draw(numbers), dtype=np.float32)
    prefixes = tuple(data.draw(st.lists(st.sampled_from(("1-2", "1-3")), min_size=12, max_size=12)))
    shelf = ItemArrays(IDS, vectors, np.abs(counts), prefixes)
    mask = np.array(allowed)
    user = np.array([1.0, 0.5], dtype=np.float32)
    found = shelf.channels(user, counts, mask, size, ["1-2"])
    may = {id_ for id_, passes in zip(IDS, allowed, strict=True) if passes}
    products = dict(zip(IDS, (vectors @ user).tolist(), strict=True))
    under = may & {id_ for id_, prefix in zip(IDS, prefixes, strict=True) if prefix == "1-2"}
    counted = may & {id_ for id_, count in zip(IDS, counts.tolist(), strict=True) if count > 0}
    expected = {"ann": (may, products), "prefix": (under, products)}
    if (counts > 0).any():
        expected["counts"] = (counted, dict(zip(IDS, counts.tolist(), strict=True)))
    bare = {id_ for id_, vector in zip(IDS, vectors, strict=True) if not vector.any()}
    expected["popularity"] = (may & bare, dict(zip(IDS, np.abs(counts).tolist(), strict=True)))
    assert found.keys() == expected.keys()
    for channel, (ids, scores) in expected.items():
        best = best_first({id_: scores[id_] for id_ in ids}, size)
        assert list(found[channel].ids) == best.ids
        assert list(found[channel].scores) == pytest.approx(best.scores)
