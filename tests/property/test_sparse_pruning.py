"""What pruning keeps of any row."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aisle.encoder.sparse import pruned

_WEIGHTS = st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=40)


@given(_WEIGHTS, st.integers(1, 50), st.floats(1e-6, 10), st.floats(0, 1))
def test_the_heaviest_are_kept_and_nothing_else(
    row: list[float], most: int, least: float, ratio: float
) -> None:
    weights = np.array(row, dtype=np.float32)
    columns, kept = pruned(weights, most, least, ratio)
    limit = max(least, ratio * float(weights.max()))
    allowed = [place for place, weight in enumerate(weights) if weight >= limit]
    assert len(columns) == len(set(columns.tolist())) == min(most, len(allowed))
    assert set(columns.tolist()) <= set(allowed)
    assert (kept > 0).all() and list(weights[columns]) == sorted(weights[columns], reverse=True)
    left = set(allowed) - set(columns.tolist())
    assert all(weights[other] <= weights[columns].min() for other in left)
    np.testing.assert_allclose(kept, weights[columns], rtol=6e-4)


@given(_WEIGHTS, st.integers(1, 50))
def test_pruning_twice_is_pruning_once(row: list[float], most: int) -> None:
    once = pruned(np.array(row, dtype=np.float32), most, 0.01)
    again = np.zeros(len(row), dtype=np.float32)
    again[once[0]] = once[1]
    twice = pruned(again, most, 0.01)
    assert dict(zip(*(part.tolist() for part in once), strict=True)) == dict(
        zip(*(part.tolist() for part in twice), strict=True)
    )
