"""A router's beam finds what comparing all prefixes finds, if it is wide enough."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.errors import InputError
from aisle.recommendation.router import PrefixLevel, Router, prefix_tree


def router_over(seed: int, items: int, depth: int, beam: int) -> Router:
    draw = np.random.default_rng(seed)
    codes = draw.integers(0, 5, (items, 3)).astype(np.int32)
    return Router(
        tuple(
            PrefixLevel(
                prefixes,
                draw.standard_normal((len(prefixes), 4)).astype(np.float32),
                draw.standard_normal(len(prefixes)).astype(np.float32),
                firsts,
            )
            for prefixes, firsts in prefix_tree(codes, depth)
        ),
        beam,
    )


@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 3))
def test_a_wide_beam_equals_brute_force(seed: int, items: int, depth: int) -> None:
    router = router_over(seed, items, depth, beam=200)
    users = np.random.default_rng(seed).standard_normal((3, 4)).astype(np.float32)
    all_of_them = router.log_probabilities(users, depth)
    np.testing.assert_allclose(np.exp(all_of_them).sum(axis=1), 1, rtol=1e-4)
    codes, values = router.best_prefixes(users, depth, 7)
    known = router.levels[depth - 1].codes
    assert codes.shape == (3, min(7, len(known)), depth)
    np.testing.assert_allclose(values, -np.sort(-all_of_them, axis=1)[:, :7], atol=1e-4)
    for user in range(3):
        rows = [int(np.flatnonzero((known == code).all(axis=1))[0]) for code in codes[user]]
        np.testing.assert_allclose(all_of_them[user, rows], values[user], atol=1e-4)


@given(st.integers(0, 10_000))
def test_a_narrow_beam_proposes_no_prefix_twice_and_never_more_than_it_is_worth(seed: int) -> None:
    router = router_over(seed, 60, 3, beam=1)
    user = np.random.default_rng(seed).standard_normal((1, 4)).astype(np.float32)
    codes, values = router.best_prefixes(user, 3, 4)
    there = values[0] > -np.inf
    assert len({tuple(code) for code in codes[0, there]}) == np.count_nonzero(there)
    assert (
        values[0, there] <= -np.sort(-router.log_probabilities(user, 3)[0])[: len(there)][there] + 1e-4
    ).all()


def test_prefixes_that_no_item_has_are_not_proposed() -> None:
    codes = np.array([[0, 1], [2, 0], [2, 3]], dtype=np.int32)
    (first, begins), (second, children) = prefix_tree(codes, 2)
    np.testing.assert_array_equal(first, [[0], [2]])
    np.testing.assert_array_equal(second, [[0, 1], [2, 0], [2, 3]])
    assert (begins.tolist(), children.tolist()) == ([0, 2], [0, 1, 3])


def test_lengths_that_it_does_not_know_are_refused() -> None:
    router = router_over(0, 20, 2, beam=4)
    users = np.zeros((1, 4), dtype=np.float32)
    with pytest.raises(InputError, match="up to 2 codes, not 3"):
        router.best_prefixes(users, 3, 5)
    with pytest.raises(InputError, match="0 prefixes are none"):
        router.best_prefixes(users, 1, 0)
    codes, values = router.best_prefixes(np.zeros((0, 4), dtype=np.float32), 1, 3)
    assert codes.shape == (0, 3, 1) and values.shape == (0, 3)
