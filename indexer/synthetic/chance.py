"""Seeded choices, the same on every Python: only ``random()`` is promised to stay as it is."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

_T = TypeVar("_T")


def pick(rng: Random, choices: Sequence[_T]) -> _T:
    """One of ``choices``, all alike."""
    return choices[int(rng.random() * len(choices))]


def draw(rng: Random, choices: Sequence[_T], count: int) -> list[_T]:
    """Up to ``count`` different ones, in random order."""
    left = list(choices)
    return [left.pop(int(rng.random() * len(left))) for _ in range(min(count, len(left)))]
