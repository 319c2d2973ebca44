"""Which baskets are learned from and which are asked, in one record that is printed with every table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisle.baskets import Baskets
from aisle.errors import EvaluationError
from aisle.evaluation.sequences.protocol import ColdItems, Phase


@dataclass(frozen=True, slots=True)
class BasketProtocol:
    """How item-to-item is measured; figures of two protocols are never comparable.

    Baskets are cut by time. In a basket that is asked every item is the trigger, once, and all its others are
    the targets; figures are averaged over the triggers of a basket, then over baskets.

    Attributes:
        test: share of the baskets, the latest, that the test asks.
        validation: share of all baskets, those before the test's, that the validation asks; the test learns
            from them.
        smallest, largest: items of a basket that is asked.
        new_items: also items that no basket to learn from has are triggers and targets. Without them, what is
            measured is what counts can know.
        hidden: items that are taken out of all that is learned from; they count as new.

    Raises:
        EvaluationError: shares or sizes that leave nothing to learn from, or to ask; hidden items where new
            ones are not asked.
    """

    test: float = 0.2
    validation: float = 0.1
    smallest: int = 2
    largest: int = 50
    new_items: bool = False
    hidden: ColdItems | None = None

    def __post_init__(self) -> None:
        if not (0 < self.test < 1 and 0 < self.validation < 1 - self.test):
            raise EvaluationError(
                f"{self.validation:g} and {self.test:g} are no shares of validation and test",
                fix="use shares above 0 that leave some to learn from, such as 0.1 and 0.2",
            )
        if not 2 <= self.smallest <= self.largest:
            raise EvaluationError(
                f"baskets of {self.smallest} to {self.largest} items cannot be asked", fix="use 2 to 50"
            )
        if self.hidden is not None and not self.new_items:
            raise EvaluationError("items are hidden, and new ones left out", fix="keep new items")

    def words(self) -> str:
        """One line for people, printed with every table."""
        parts = [
            f"baskets by time, the last {self.test:.0%} asked, learned from all before",
            f"of {self.smallest} to {self.largest} items, each the trigger of all others, averaged by basket",
            "full ranking over all items",
            "new items asked too" if self.new_items else "items without history left out",
        ]
        if self.hidden:
            parts.append(f"{self.hidden.share:.0%} of the items hidden (seed {self.hidden.seed})")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True, eq=False)
class BasketSplit:
    """What one phase of a protocol makes of baskets.

    Attributes:
        protocol, phase: that made it.
        train: what is learned from.
        asked: whose items are triggers and targets.
        taken: int64 [items], how many baskets of ``train`` have each; 0 for a new item.
    """

    protocol: BasketProtocol
    phase: Phase
    train: Baskets
    asked: Baskets
    taken: NDArray[np.int64]

    @property
    def new(self) -> NDArray[np.bool_]:
        """bool [items], those that no basket of ``train`` has."""
        return np.asarray(self.taken == 0)


def split_baskets(baskets: Baskets, protocol: BasketProtocol, phase: Phase) -> BasketSplit:
    """Cut baskets for one phase; those of one time stay in their order.

    Raises:
        EvaluationError: baskets without times, or too few of them.
    """
    if baskets.times is None:
        raise EvaluationError("these baskets have no times", fix="name the column: --map time=COLUMN")
    order = np.argsort(baskets.times, kind="stable")
    count = len(baskets)
    begin_test = int((1 - protocol.test) * count)
    begin_validation = int((1 - protocol.test - protocol.validation) * count)
    begin, end = (begin_test, count) if phase is Phase.TEST else (begin_validation, begin_test)
    train, asked = baskets.of_baskets(order[:begin]), baskets.of_baskets(order[begin:end])
    if protocol.hidden is not None:
        train = train.where(~protocol.hidden.draw(baskets.members, len(baskets.items))[train.members])
        train = train.of_baskets(np.flatnonzero(train.lengths > 1))
    taken = np.bincount(train.members, minlength=len(baskets.items)).astype(np.int64)
    if not protocol.new_items:
        asked = asked.where(taken[asked.members] > 0)
    lengths = asked.lengths
    asked = asked.of_baskets(np.flatnonzero((lengths >= protocol.smallest) & (lengths <= protocol.largest)))
    if not len(train) or not len(asked):
        raise EvaluationError(
            f"too few baskets for the {phase.value}: {len(train):,} to learn from, {len(asked):,} to ask",
            fix="give more orders",
        )
    return BasketSplit(protocol, phase, train, asked, taken)
