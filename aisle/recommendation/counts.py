"""Counts of what users take: which items, which after which, which together; integers, so they add up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from aisle.errors import InputError
from aisle.recommendation.matrices import canonical, check_not_negative, moving, pairs_together, same
from aisle.sequences import Sequences

MAX_WINDOW: Final = 16


@dataclass(frozen=True, slots=True)
class CountOptions:
    """What is counted.

    Attributes:
        window: an item counts as followed by so many items after it, each with 1 / its distance.
        together: of so many different items of a user, the latest, every two count as taken together. It
            keeps buyers of a whole catalogue from ruling the counts, and their cost from growing as squares.

    Raises:
        InputError: a value that counts nothing, or a window over 16.
    """

    window: int = 8
    together: int = 100

    def __post_init__(self) -> None:
        if not 1 <= self.window <= MAX_WINDOW or self.together < 1:
            raise InputError(
                f"a window of {self.window} and {self.together} items together cannot be counted",
                fix=f"use a window of 1 to {MAX_WINDOW}, and 1 item or more",
            )

    @property
    def unit(self) -> int:
        """What a distance of 1 counts as: the least number that every distance of the window divides."""
        return math.lcm(*range(1, self.window + 1))


@dataclass(frozen=True, slots=True, eq=False)
class ItemCounts:
    """Counts over users. Counts of different users add up, and nothing is lost by adding: all are integers.

    Attributes:
        items: ids of the catalogue's items.
        options: what was counted.
        taken: int64 [items], how often each was taken.
        takers: int64 [items], how many users took each.
        follows: int64 [items, items], in row a and column b how often b came after a, weighted with
            ``options.unit`` / distance; an item does not follow itself.
        together: int64 [items, items], how many users took both; symmetric, 0 on the diagonal.
    """

    items: tuple[str, ...]
    options: CountOptions
    taken: NDArray[np.int64]
    takers: NDArray[np.int64]
    follows: sparse.csr_array
    together: sparse.csr_array

    def __add__(self, other: ItemCounts) -> ItemCounts:
        """Counts of these users and of others.

        Raises:
            InputError: other items, or other options.
        """
        self._check(other)
        return ItemCounts(
            self.items,
            self.options,
            self.taken + other.taken,
            self.takers + other.takers,
            canonical(self.follows + other.follows),
            canonical(self.together + other.together),
        )

    def __sub__(self, other: ItemCounts) -> ItemCounts:
        """Counts without some of the users.

        Raises:
            InputError: other items, other options, or users who were not counted here.
        """
        self._check(other)
        left = ItemCounts(
            self.items,
            self.options,
            self.taken - other.taken,
            self.takers - other.takers,
            canonical(self.follows - other.follows),
            canonical(self.together - other.together),
        )
        check_not_negative(left.taken, left.takers, left.follows.data, left.together.data)
        return left

    def equals(self, other: ItemCounts) -> bool:
        """Whether every number is the same."""
        return (
            (self.items, self.options) == (other.items, other.options)
            and np.array_equal(self.taken, other.taken)
            and np.array_equal(self.takers, other.takers)
            and same(self.follows, other.follows)
            and same(self.together, other.together)
        )

    def updated(self, before: Sequences, after: Sequences) -> ItemCounts:
        """The counts when some users have taken more; exactly those of a count of everything.

        Args:
            before: the whole sequences of these users as they were counted.
            after: their whole sequences now, and those of new users.

        Raises:
            InputError: other items, or sequences that were not counted before.
        """
        return self - count_items(before, self.options) + count_items(after, self.options)

    def over(self, items: tuple[str, ...]) -> ItemCounts:
        """The same counts for a catalogue that has changed; counts of items that left it are gone.

        Raises:
            InputError: an id twice.
        """
        to = moving(self.items, items)
        return ItemCounts(
            items,
            self.options,
            to.T @ self.taken,
            to.T @ self.takers,
            canonical(to.T @ self.follows @ to),
            canonical(to.T @ self.together @ to),
        )

    def _check(self, other: ItemCounts) -> None:
        if (self.items, self.options) != (other.items, other.options):
            raise InputError(
                "these counts are of other items, or were counted otherwise",
                fix="count both with the same options, over the same catalogue",
            )


def count_items(sequences: Sequences, options: CountOptions | None = None) -> ItemCounts:
    """Count whole sequences.

    Returns:
        Counts that do not depend on the order of the users.
    """
    options = options or CountOptions()
    size = len(sequences.items)
    owners, steps = sequences.owners, sequences.steps.astype(np.int64)
    # Each user's different items, at the place where they were taken last.
    keys = owners * size + steps
    unique, from_end = np.unique(keys[::-1], return_index=True)
    latest = np.sort(len(keys) - 1 - from_end)
    return ItemCounts(
        items=sequences.items,
        options=options,
        taken=np.bincount(steps, minlength=size).astype(np.int64),
        takers=np.bincount(unique % size, minlength=size).astype(np.int64) if size else _nothing(0),
        follows=_follows(owners, steps, size, options),
        together=_together(owners[latest], steps[latest], len(sequences), size, options.together),
    )


def _follows(
    owners: NDArray[np.int64], steps: NDArray[np.int64], size: int, options: CountOptions
) -> sparse.csr_array:
    total = sparse.csr_array((size, size), dtype=np.int64)
    for distance in range(1, min(options.window, max(0, len(steps) - 1)) + 1):
        pairs = (owners[distance:] == owners[:-distance]) & (steps[distance:] != steps[:-distance])
        first, second = steps[:-distance][pairs], steps[distance:][pairs]
        weights = np.full(len(first), options.unit // distance, dtype=np.int64)
        total = total + sparse.csr_array((weights, (first, second)), shape=(size, size))
    return canonical(total)


def _together(
    owners: NDArray[np.int64], steps: NDArray[np.int64], users: int, size: int, most: int
) -> sparse.csr_array:
    """Of each user's different items, in the order of their last time, the latest ``most`` in pairs."""
    ends = np.cumsum(np.bincount(owners, minlength=users))
    recent = ends[owners] - np.arange(len(owners)) <= most
    return pairs_together(owners[recent], steps[recent], np.ones(users, dtype=np.int64), size)


def _nothing(size: int) -> NDArray[np.int64]:
    return np.zeros(size, dtype=np.int64)
