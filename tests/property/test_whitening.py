"""Whitening: what it keeps, and where it places new vectors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from aisle.encoder.whitening import Whitening, fit_whitening
from aisle.errors import InputError

VECTORS = st.integers(0, 9).flatmap(
    lambda count: arrays(np.float32, (count, 3), elements=st.floats(-4, 4, width=16))
)


@settings(deadline=None)
@given(VECTORS, st.sampled_from([0.0, 0.5, 1.0]), st.data())
def test_a_vector_is_placed_again_where_it_was(
    vectors: NDArray[np.float32], power: float, data: st.DataObject
) -> None:
    whitening = fit_whitening(vectors, power)
    placed = whitening.apply(vectors)
    order = data.draw(st.permutations(range(len(vectors))))
    np.testing.assert_allclose(whitening.apply(vectors[order]), placed[order], atol=1e-4)
    lengths = np.linalg.norm(placed, axis=1)
    there = vectors.any(axis=1)
    assert not lengths[~there].any()
    assert (np.isclose(lengths, 1, atol=1e-4) | (lengths == 0)).all()


def test_the_common_part_is_gone_and_directions_vary_more_alike() -> None:
    draw = np.random.default_rng(0)
    vectors = (5 + draw.standard_normal((400, 4)) * [4, 2, 1, 0.5]).astype(np.float32)
    spreads = {}
    for power in (0.0, 0.5, 1.0):
        whitening = fit_whitening(vectors, power)
        turned = (vectors - whitening.mean) @ whitening.matrix
        assert np.abs(turned.mean(axis=0)).max() < 1e-3
        deviations = turned.std(axis=0)
        spreads[power] = deviations.max() / deviations.min()
    assert spreads[1.0] == pytest.approx(1, rel=1e-3)
    assert spreads[0.5] == pytest.approx(spreads[0.0] ** 0.5, rel=1e-3)


def test_what_whitens_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="whiten nothing"):
        Whitening(np.zeros(3, np.float32), np.eye(2, dtype=np.float32))
    with pytest.raises(InputError, match="vectors of 3 values"):
        fit_whitening(np.eye(3, dtype=np.float32)).apply(np.eye(2, dtype=np.float32))
    with pytest.raises(InputError, match="the power 2"):
        fit_whitening(np.eye(3, dtype=np.float32), 2)
