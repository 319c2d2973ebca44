"""Channels of prefixes of semantic IDs: the items of the prefixes where a user is likely to go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from aisle.recommendation.channel import Channel
from aisle.recommendation.router import Router
from aisle.recommendation.sequence import SequenceChannel
from aisle.sequences import Sequences

_WITHIN: Final = 1e-3
"""Share of a prefix's score by which its items differ."""


@dataclass(frozen=True, slots=True, eq=False)
class PrefixItems:
    """Which items have which prefix.

    Attributes:
        numbers: int64 [items], number of each item's prefix; -1 for an item without codes.
        popularity: float32 [items], 0 to 1, which decides within a prefix.
    """

    numbers: NDArray[np.int64]
    popularity: NDArray[np.float32]

    @classmethod
    def of(
        cls, codes: NDArray[np.int32], prefixes: NDArray[np.int32], popularity: NDArray[np.float32]
    ) -> Self:
        """Find the prefix of every item.

        Args:
            codes: int32 [items, levels]; a row of -1 for an item without.
            prefixes: int32 [prefixes, length], in the order of their numbers.
            popularity: float32 [items].
        """
        known = {tuple(row): number for number, row in enumerate(prefixes.tolist())}
        length = prefixes.shape[1]
        numbers = [known.get(tuple(row), -1) for row in codes[:, :length].tolist()]
        return cls(np.array(numbers, dtype=np.int64), popularity)

    def spread(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores of items by those of their prefix, float32 [users, items], of one prefix the popular first.

        Args:
            scores: float32 [users, prefixes], not below 0.
        """
        there = self.numbers >= 0
        found = np.zeros((len(scores), len(self.numbers)), dtype=np.float32)
        within = 1 + np.float32(_WITHIN) * self.popularity[there]
        found[:, there] = scores[:, self.numbers[there]] * within
        return found

    def sizes(self, count: int) -> NDArray[np.int64]:
        """How many items each of so many prefixes has, at least 1."""
        return np.maximum(1, np.bincount(self.numbers[self.numbers >= 0], minlength=count))


@dataclass(frozen=True, slots=True, eq=False)
class ProjectedPrefixes:
    """Prefixes by the mean of what another channel scores their items.

    Attributes:
        name: see `Channel`.
        base: the other channel; its scores below 0 count as 0.
        items: of the prefixes.
    """

    name: str
    base: Channel
    items: PrefixItems

    def scores(self, histories: Sequences) -> NDArray[np.float32]:
        """See `Channel`."""
        numbers = self.items.numbers
        order = np.argsort(numbers, kind="stable")
        order = order[numbers[order] >= 0]
        scores = np.maximum(self.base.scores(histories)[:, order], 0)
        if not len(order):
            return np.zeros((len(histories), len(numbers)), dtype=np.float32)
        there, firsts, sizes = np.unique(numbers[order], return_index=True, return_counts=True)
        means = np.zeros((len(histories), int(there[-1]) + 1), dtype=np.float32)
        means[:, there] = np.add.reduceat(scores, firsts, axis=1) / sizes
        return self.items.spread(means)

    def shares(self, history: NDArray[np.int32], items: NDArray[np.intp]) -> NDArray[np.float32]:
        """See `Channel`: what a prefix adds is not told apart by steps."""
        return np.zeros((len(history), len(items)), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class RoutedPrefixes:
    """Prefixes by a router's probability, for each of their items.

    Attributes:
        name: see `Channel`.
        router: over prefixes.
        sequence: makes users of histories.
        level: length of the prefixes.
        items: of the router's prefixes of this length.
    """

    name: str
    router: Router
    sequence: SequenceChannel
    level: int
    items: PrefixItems

    def scores(self, histories: Sequences) -> NDArray[np.float32]:
        """See `Channel`."""
        logs = self.router.log_probabilities(self.sequence.users(histories), self.level)
        likely = np.exp(logs) / self.items.sizes(logs.shape[1])
        return self.items.spread(likely.astype(np.float32))

    def shares(self, history: NDArray[np.int32], items: NDArray[np.intp]) -> NDArray[np.float32]:
        """See `Channel`: what a prefix adds is not told apart by steps."""
        return np.zeros((len(history), len(items)), dtype=np.float32)
