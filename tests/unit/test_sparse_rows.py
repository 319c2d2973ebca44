"""Rows of token weights: what is kept of them, and under which names."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.encoder import Pruning, SparseRows
from aisle.encoder.sparse import is_feature, pruned, rounded
from aisle.errors import InputError


def test_rows_are_token_to_weight_heaviest_first() -> None:
    rows = SparseRows.of(
        ("oak", "red", "chair"),
        [pruned(np.array(row, dtype=np.float32), 2, 0.1) for row in ([0.5, 0.05, 2], [0, 0, 0], [1, 1, 1])],
    )
    assert len(rows) == 3
    assert [list(row.items()) for row in rows] == [
        [("chair", 2.0), ("oak", 0.5)],
        [],
        [("oak", 1.0), ("red", 1.0)],
    ]
    assert len(SparseRows.of(("oak",), [])) == 0


def test_a_ratio_drops_what_is_small_beside_the_largest() -> None:
    weights = np.array([10, 1.1, 0.9], dtype=np.float32)
    assert pruned(weights, 5, 1e-9, ratio=0.1)[0].tolist() == [0, 1]


def test_weights_have_four_significant_digits() -> None:
    found = rounded(np.array([1.23456, 0.00123456, 12.3456], dtype=np.float32))
    assert found.tolist() == [1.235, 0.001235, 12.35]


def test_a_token_with_a_dot_is_no_feature() -> None:
    assert [is_feature(token) for token in ("oak", "##s", "é", ".", "...", "3.5", " ", "")] == [
        *(True, True, True),
        *(False,) * 5,
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_tokens_item": 0},
        {"max_tokens_query": 0},
        {"max_tokens_query": 1025},
        {"min_weight_item": 0.0},
        {"keep_ratio_query": 1.5},
    ],
)
def test_pruning_that_keeps_nothing_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        Pruning(**wrong)  # type: ignore[arg-type]
