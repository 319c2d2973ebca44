"""Semantic IDs whatever the vectors: what quantising, decoding and giving out tuples keep."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from aisle.encoder.codes import Codebooks, Modality, Placed, Quantizer, prefixes
from aisle.encoder.collisions import separate, sharing
from aisle.encoder.whitening import Whitening
from aisle.errors import InputError
from aisle.evaluation.codes import level_figures, prefix_affinity

Floats = NDArray[np.float32]
Codes = NDArray[np.int32]
DIMS = 4
VALUES = st.floats(-8, 8, width=16)

# Examples are small; the first one on a busy machine takes its time.
LATE = settings(deadline=None)


@st.composite
def codebooks(draw: st.DrawFn) -> Codebooks:
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    return Codebooks(tuple(draw(arrays(np.float32, (size, DIMS), elements=VALUES)) for size in sizes))


VECTORS = st.integers(1, 12).flatmap(lambda count: arrays(np.float32, (count, DIMS), elements=VALUES))


def whole(vectors: Floats) -> Placed:
    return Placed(vectors, np.ones((len(vectors), 1), dtype=np.bool_), (vectors.shape[1],))


@LATE
@given(codebooks(), VECTORS)
def test_each_level_takes_the_nearest_of_what_is_left(books: Codebooks, vectors: Floats) -> None:
    codes = books.encode(vectors)
    stages = books.residuals(vectors, codes)
    for number, level in enumerate(books.levels):
        distances = ((stages[number][:, None].astype(np.float64) - level[None]) ** 2).sum(axis=2)
        chosen = distances[np.arange(len(vectors)), codes[:, number]]
        np.testing.assert_allclose(chosen, distances.min(axis=1), rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(books.decode(codes) + stages[-1], vectors, atol=1e-3)


@LATE
@given(codebooks(), VECTORS)
def test_equal_codes_decode_equally_and_a_prefix_is_what_its_levels_sum_to(
    books: Codebooks, vectors: Floats
) -> None:
    codes = books.encode(vectors)
    twice = np.concatenate([codes, codes])
    decoded = books.decode(twice)
    assert np.array_equal(decoded[: len(codes)], decoded[len(codes) :])
    for depth in range(len(books.sizes) + 1):
        left = books.residuals(vectors, codes[:, :depth])[-1]
        np.testing.assert_allclose(books.decode(codes[:, :depth]) + left, vectors, atol=1e-3)


@LATE
@given(arrays(np.float32, (5, DIMS), elements=st.integers(-64, 64), unique=True))
def test_a_vector_of_the_only_level_is_its_own_code(level: Floats) -> None:
    books = Codebooks((level,))
    codes = books.encode(level)
    assert np.array_equal(books.decode(codes), level[codes[:, 0]])
    assert np.array_equal(books.encode(books.decode(codes)), codes)


@LATE
@given(codebooks(), VECTORS)
def test_a_code_does_not_depend_on_the_other_items(books: Codebooks, vectors: Floats) -> None:
    first = Codebooks(books.levels[:1])
    together = first.decode(first.encode(vectors))
    alone = np.concatenate([first.decode(first.encode(vector[None])) for vector in vectors])
    # Of two codes at one distance the rounding of a batch may take either.
    near, nearer = (np.linalg.norm(vectors - decoded, axis=1) for decoded in (together, alone))
    np.testing.assert_allclose(near, nearer, rtol=1e-3, atol=1e-2)


@LATE
@given(codebooks(), VECTORS, st.integers(0, 3))
def test_every_item_gets_a_tuple_of_its_own_and_few_move(
    books: Codebooks, vectors: Floats, taken: int
) -> None:
    codes = books.encode(vectors)
    others = np.array(
        [np.unravel_index(number, books.sizes) for number in range(min(taken, math.prod(books.sizes)))],
        dtype=np.int32,
    ).reshape(-1, len(books.sizes))
    if len(codes) + len(others) > math.prod(books.sizes):
        with pytest.raises(InputError, match="cannot have one of"):
            separate(books, whole(vectors), codes, others)
        return
    found = separate(books, whole(vectors), codes, others)
    assert sharing(np.concatenate([found, others])) == 0
    assert ((found >= 0) & (found < np.array(books.sizes))).all()
    kept = {tuple(row) for row in codes.tolist()} - {tuple(row) for row in others.tolist()}
    assert (found == codes).all(axis=1).sum() == len(kept)
    assert np.array_equal(found, separate(books, whole(vectors), codes, others))


@LATE
@given(codebooks(), VECTORS)
def test_a_prefix_changes_only_when_all_under_it_is_taken(books: Codebooks, vectors: Floats) -> None:
    codes = books.encode(vectors)
    if len(codes) > math.prod(books.sizes):
        return
    found = separate(books, whole(vectors), codes)
    for before, after in zip(codes, found, strict=True):
        for depth in range(len(books.sizes)):
            if before[depth] != after[depth]:
                # Of the longer prefix that it left, every tuple belongs to somebody.
                there = (found[:, : depth + 1] == before[: depth + 1]).all(axis=1).sum()
                assert there == math.prod(books.sizes[depth + 1 :])
                break


@LATE
@given(arrays(np.int32, (9, 3), elements=st.integers(0, 3)))
def test_figures_of_levels_are_shares(codes: Codes) -> None:
    levels = level_figures(codes, (4, 4, 4))
    for level in levels:
        assert 1 / 4 <= level.perplexity + 1e-9 <= level.utilisation + 1e-6 <= 1 + 1e-6
        assert level.largest <= 9
    counts = [level.prefixes for level in levels]
    assert counts == sorted(counts)
    assert [level.sharing for level in levels] == sorted((level.sharing for level in levels), reverse=True)
    assert levels[-1].sharing == sharing(codes)


@LATE
@given(
    arrays(np.int32, (6, 2), elements=st.integers(0, 2)),
    arrays(np.int64, (5, 2), elements=st.integers(0, 5)).filter(lambda pairs: bool(np.diff(pairs).any())),
)
def test_chance_is_the_mean_over_all_ways_to_pair_two_items(codes: Codes, pairs: NDArray[np.int64]) -> None:
    taken = pairs[pairs[:, 0] != pairs[:, 1]]
    ways = [(first, second) for first in taken[:, 0] for second in taken[:, 1] if first != second]
    for figure in prefix_affinity(codes, pairs):
        beginnings = codes[:, : figure.length]
        every = [(beginnings[first] == beginnings[second]).all() for first, second in ways]
        assert figure.chance == pytest.approx(np.mean(every))


@LATE
@given(arrays(np.float32, (6, 3), elements=st.floats(0.5, 8, width=16)))
def test_an_item_is_compared_by_the_modalities_that_it_has(texts: Floats) -> None:
    draw = np.random.default_rng(0)
    level = draw.standard_normal((5, 5)).astype(np.float32)
    modalities = (
        Modality("text", "", 1.0, Whitening(np.zeros(3, np.float32), np.eye(3, dtype=np.float32))),
        Modality("bought", "", 0.5, Whitening(np.zeros(2, np.float32), np.eye(2, dtype=np.float32))),
    )
    quantizer = Quantizer(modalities, (), Codebooks((level,)))
    without = quantizer.encode({"text": texts})
    assert np.array_equal(without, quantizer.encode({"text": texts, "bought": np.zeros((6, 2), np.float32)}))
    unit = texts / np.linalg.norm(texts, axis=1, keepdims=True)
    distances = np.linalg.norm(unit[:, None] - level[None, :, :3], axis=2)
    np.testing.assert_allclose(distances[np.arange(6), without[:, 0]], distances.min(axis=1), atol=1e-4)


@LATE
@given(arrays(np.int32, st.tuples(st.integers(0, 4), st.integers(1, 4)), elements=st.integers(0, 300)))
def test_prefixes_begin_with_one_another(codes: Codes) -> None:
    for row, words in zip(codes.tolist(), prefixes(codes), strict=True):
        assert [word.split("-") for word in words] == [
            list(map(str, row[:depth])) for depth in range(1, len(row) + 1)
        ]
