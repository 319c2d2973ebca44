"""Vectors as bytes, whatever their values: nothing is clipped unseen, and scores mean what they meant."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from aisle.errors import InputError
from aisle.mappings.vector_types import (
    AS_FP32,
    Quantisation,
    VectorStorage,
    VectorType,
    clipped,
    inner_product,
    knn_score,
)

Floats = NDArray[np.float32]
VALUES = st.floats(-1, 1, width=32)
SAMPLES = st.integers(1, 8).flatmap(lambda dims: arrays(np.float32, (6, dims), elements=VALUES))
# Other tests may run beside these.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@PATIENT
@given(SAMPLES)
@example(np.full((6, 1), 7.5e-38, dtype=np.float32))
def test_what_it_was_fitted_to_is_not_clipped_and_uses_the_whole_scale(vectors: Floats) -> None:
    codes = Quantisation.fitted(vectors).codes(vectors)
    assert codes.dtype == np.int8 and codes.shape == vectors.shape
    assert clipped(codes) == 0 == clipped(vectors)
    if np.abs(vectors).max() > 1e-30:
        assert 124 <= np.abs(codes.astype(int)).max() <= 126


@PATIENT
@given(SAMPLES, st.floats(2, 50))
def test_each_value_beyond_it_is_clipped_and_counted(vectors: Floats, times: float) -> None:
    quantisation = Quantisation.fitted(vectors)
    larger = vectors * np.float32(times)
    beyond = np.abs(larger.astype(np.float64) * quantisation.scale) >= 126.51
    codes = quantisation.codes(larger)
    assert (np.abs(codes[beyond].astype(int)) == 127).all()
    assert clipped(codes) >= beyond.sum()
    assert (np.sign(codes) * np.sign(larger) >= 0).all()


@PATIENT
@given(SAMPLES)
def test_products_of_codes_are_those_of_the_vectors_but_for_the_rounding(vectors: Floats) -> None:
    quantisation = Quantisation.fitted(vectors)
    one, other = vectors[0].astype(np.float64), vectors[1].astype(np.float64)
    codes = quantisation.codes(vectors[:2]).astype(int)
    half = 0.5 / quantisation.scale * (1 + 1e-3)
    off = quantisation.product(int(codes[0] @ codes[1])) - float(one @ other)
    assert abs(off) <= half * (np.abs(one).sum() + np.abs(other).sum()) + len(one) * half**2 + 1e-6


@PATIENT
@given(st.lists(st.floats(-2, 2), min_size=2, max_size=20), st.floats(10, 1000))
@example([0.0, -6.263326232983886e-17], 10.0)
def test_scores_of_bytes_are_those_of_floats_in_the_same_order(products: list[float], scale: float) -> None:
    storage = VectorStorage(VectorType.BYTE, Quantisation(scale))
    served = [knn_score(product * scale**2) for product in products]
    read = [storage.score(score) for score in served]
    assert read == pytest.approx([knn_score(product) for product in products], rel=1e-9)
    assert [AS_FP32.score(score) for score in served] == served
    # Scores a rounding apart may become equal; none may overtake another.
    in_order = [read[at] for at in np.argsort(served, kind="stable")]
    assert in_order == sorted(in_order)


@PATIENT
@given(st.floats(-3, 3))
def test_a_score_is_read_back_as_its_product(product: float) -> None:
    assert inner_product(knn_score(product)) == pytest.approx(product, abs=1e-9)


@PATIENT
@given(st.sampled_from(VectorType), SAMPLES)
def test_storage_reads_back_from_json(kept_as: VectorType, vectors: Floats) -> None:
    storage = VectorStorage.fitted(kept_as, vectors)
    assert VectorStorage.from_json(storage.to_json()) == storage


@pytest.mark.parametrize("scale", [0.0, -1.0, float("inf"), float("nan")])
def test_a_scale_is_above_nothing(scale: float) -> None:
    with pytest.raises(InputError):
        Quantisation(scale)
