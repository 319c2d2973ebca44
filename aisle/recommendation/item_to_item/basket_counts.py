"""Counts of what is in baskets together; integers, so they add up without loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from aisle.baskets import Baskets
from aisle.errors import InputError
from aisle.recommendation.matrices import canonical, check_not_negative, moving, pairs_together, same

UNIT: Final = 2**20
"""What a pair of a basket of weight 1 counts: weights are numbers of 20 binary places."""


@dataclass(frozen=True, slots=True)
class BasketCountOptions:
    """What is counted.

    Attributes:
        log_power, power: a pair of a basket of n items counts 1 / (log2(1 + n) ** log_power * n ** power):
            of a wholesaler's order of hundreds of items few belong together. Every pair counts 1 with two
            zeros; a power of 1 gives every item of every basket about the same to share out.
        largest: baskets of more items are left out; their pairs grow as the square of their items.

    Raises:
        InputError: powers below 0 or above 2, or a limit that leaves no pair.
    """

    log_power: float = 1.0
    power: float = 0.0
    largest: int = 1000

    def __post_init__(self) -> None:
        if not (0 <= self.log_power <= 2 and 0 <= self.power <= 2):
            raise InputError(
                f"powers of {self.log_power:g} and {self.power:g} weigh no baskets", fix="use 0 to 2"
            )
        if self.largest < 2:
            raise InputError(
                f"baskets of at most {self.largest} items have no pairs", fix="use 2 items or more"
            )

    def weights(self, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64 [baskets], what a pair of each counts in `UNIT`.

        Args:
            lengths: int64 [baskets], items of each, at least 1.
        """
        below = np.log2(1.0 + lengths) ** self.log_power * lengths.astype(np.float64) ** self.power
        return np.asarray(np.rint(UNIT / below), dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class BasketCounts:
    """Counts over baskets. Counts of different baskets add up, and nothing is lost by adding.

    Attributes:
        items: ids of the catalogue's items.
        options: what was counted.
        taken: int64 [items], how many baskets hold each.
        together: int64 [items, items], the weights of the baskets that hold both, in `UNIT`; symmetric, 0 on
            the diagonal: an item is not its own neighbour.
    """

    items: tuple[str, ...]
    options: BasketCountOptions
    taken: NDArray[np.int64]
    together: sparse.csr_array

    def __add__(self, other: BasketCounts) -> BasketCounts:
        """Counts of these baskets and of others.

        Raises:
            InputError: other items, or other options.
        """
        self._check(other)
        both = canonical(self.together + other.together)
        return BasketCounts(self.items, self.options, self.taken + other.taken, both)

    def __sub__(self, other: BasketCounts) -> BasketCounts:
        """Counts without some of the baskets.

        Raises:
            InputError: other items, other options, or baskets that were not counted here.
        """
        self._check(other)
        taken, together = self.taken - other.taken, canonical(self.together - other.together)
        check_not_negative(taken, together.data)
        return BasketCounts(self.items, self.options, taken, together)

    def equals(self, other: BasketCounts) -> bool:
        """Whether every number is the same."""
        return (
            (self.items, self.options) == (other.items, other.options)
            and np.array_equal(self.taken, other.taken)
            and same(self.together, other.together)
        )

    def over(self, items: tuple[str, ...]) -> BasketCounts:
        """The same counts for a catalogue that has changed; counts of items that left it are gone.

        Raises:
            InputError: an id twice.
        """
        to = moving(self.items, items)
        return BasketCounts(items, self.options, to.T @ self.taken, canonical(to.T @ self.together @ to))

    def _check(self, other: BasketCounts) -> None:
        if (self.items, self.options) != (other.items, other.options):
            raise InputError(
                "these counts are of other items, or were counted otherwise",
                fix="count both with the same options, over the same catalogue",
            )


UNWEIGHTED: Final = BasketCountOptions(log_power=0.0)
"""Every basket counts the same: its pairs are numbers of baskets."""
SHARED: Final = BasketCountOptions(log_power=0.0, power=1.0)
"""A basket of n items counts 1 / n: each of its items has about the same to share out among the others."""


def count_baskets(baskets: Baskets, options: BasketCountOptions | None = None) -> BasketCounts:
    """Count baskets.

    Returns:
        Counts that do not depend on the order of the baskets.
    """
    options = options or BasketCountOptions()
    lengths = baskets.lengths
    baskets = baskets.of_baskets(np.flatnonzero((lengths > 0) & (lengths <= options.largest)))
    size = len(baskets.items)
    members = baskets.members.astype(np.int64)
    return BasketCounts(
        items=baskets.items,
        options=options,
        taken=np.bincount(members, minlength=size).astype(np.int64),
        together=pairs_together(baskets.owners, members, options.weights(baskets.lengths), size),
    )


def together_scores(counts: BasketCounts) -> sparse.csr_array:
    """float32 [items, items]: in a trigger's row, how much each candidate is in baskets with it."""
    found = counts.together.astype(np.float32)
    found.data /= np.float32(UNIT)
    return found
