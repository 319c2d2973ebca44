"""Which neighbours count as found."""

from __future__ import annotations

import pytest

from aisle.search.fusion import LegResult
from aisle.search.neighbours import Neighbours, recall


def neighbours(*found: tuple[str, float], texts: dict[str, int] | None = None) -> Neighbours:
    return Neighbours(LegResult([id_ for id_, _ in found], [score for _, score in found]), texts or {})


EXACT = neighbours(("a", 1.9), ("b", 1.8), ("c", 1.7), ("d", 1.6))


def test_recall_is_the_share_of_true_neighbours() -> None:
    assert recall(EXACT, EXACT) == 1.0
    assert recall(neighbours(("a", 1.9), ("c", 1.7), ("e", 1.5), ("f", 1.4)), EXACT) == 0.5
    assert recall(neighbours(), EXACT) == 0.0


def test_one_as_near_as_the_last_counts_as_it_and_what_is_beyond_does_not() -> None:
    assert recall(neighbours(("a", 1.9), ("b", 1.8), ("c", 1.7), ("e", 1.6 - 1e-6)), EXACT) == 1.0
    assert recall(neighbours(("a", 1.9), ("b", 1.8), ("c", 1.7), ("e", 1.599)), EXACT) == 0.75


def test_copies_count_as_one_another_and_never_for_more_than_was_asked_for() -> None:
    exact = neighbours(("a", 1.9), ("b", 1.9), texts={"a": 7, "b": 7})
    others = neighbours(("x", 1.8), ("y", 1.8), ("z", 1.8), texts={"x": 7, "y": 7, "z": 7})
    assert recall(others, exact) == 1.0
    assert recall(neighbours(("x", 1.8), ("y", 1.8), texts={"x": 7, "y": 8}), exact) == 0.5
    assert recall(neighbours(("x", 1.8)), neighbours(("a", 1.9))) == pytest.approx(0.0)
