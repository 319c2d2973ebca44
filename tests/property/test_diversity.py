"""What holds for every diversified list."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.search.diversity import REORDERED, diversified
from aisle.search.fusion import Fused


def listed(count: int) -> list[Fused]:
    return [Fused(f"i{number}", 1.0 / (60 + number), ()) for number in range(count)]


def vectors(count: int, seed: int, missing: int) -> dict[str, np.ndarray]:
    rows = np.random.default_rng(seed).standard_normal((count, 4)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return {f"i{number}": row for number, row in enumerate(rows) if number % 7 != missing}


@given(st.integers(0, 70), st.integers(0, 9), st.floats(0, 1), st.integers(0, 3), st.integers(0, 7))
def test_all_stay_the_pinned_first_and_the_later_ones_in_their_places(
    count: int, seed: int, diversity: float, pinned: int, missing: int
) -> None:
    order = listed(count)
    found, signals = diversified(order, vectors(count, seed, missing), diversity, pinned)
    assert sorted(each.id for each in found) == sorted(each.id for each in order)
    assert found[:pinned] == order[:pinned]
    assert found[REORDERED:] == order[REORDERED:]
    for rank, each in enumerate(found[:REORDERED], 1):
        assert signals[each.id].rank == rank
        assert order[signals[each.id].rank_before - 1] == each
    if not diversity:
        assert found == order


@given(st.integers(2, 12), st.integers(0, 9), st.floats(0.1, 0.9))
def test_each_is_the_best_by_the_definition(count: int, seed: int, diversity: float) -> None:
    order, known = listed(count), vectors(count, seed, 99)
    found, signals = diversified(order, known, diversity)
    for at, each in enumerate(found):
        above = [known[other.id] for other in found[:at]]

        def worth(one: Fused, above: list[np.ndarray] = above) -> float:
            alike = max([float(known[one.id] @ other) for other in above], default=0.0)
            return (1 - diversity) * (1 - order.index(one) / count) - diversity * max(alike, 0.0)

        assert worth(each) == pytest.approx(max(map(worth, found[at:])), abs=1e-5)
    assert signals[found[0].id].likeness == 0
