"""One order of two scores. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def blend(before: Sequence[float], scores: Sequence[float], weight: float) -> list[float]:
    """A weighted mean of both, each brought to 0 .. 1 over the list (min-max).

    Args:
        before: what ordered the list so far.
        scores: what a model says, of any scale; as many.
        weight: of ``scores``, 0 to 1.

    Returns:
        As many values within 0 and 1. A list whose values are all equal adds the same to each.
    """
    return [
        (1 - weight) * old + weight * new for old, new in zip(_scaled(before), _scaled(scores), strict=True)
    ]


def best_first(values: Sequence[float]) -> list[int]:
    """Positions by falling value; equal ones stay in their order."""
    return sorted(range(len(values)), key=lambda at: -values[at])


def _scaled(values: Sequence[float]) -> list[float]:
    low, high = min(values, default=0.0), max(values, default=0.0)
    width = high - low
    return [(value - low) / width if width > 0 else 0.0 for value in values]
