"""What users took one after the other, as pairs item to item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from aisle.catalogue.sequence_file import UserSequence
from aisle.encoder.text import query_text
from aisle.errors import InputError
from aisle.training.data.training_set import (
    UNJUDGED_GRADE,
    UNKNOWN_ITEM,
    Pair,
    PairSource,
    TrainingSet,
    training_set,
)

HELD_OUT = 2
"""Last items of every user that training never sees: the published protocol's validation and test items."""


@dataclass(frozen=True, slots=True)
class SequenceOptions:
    """Which steps become pairs.

    Attributes:
        window: an item is paired with so many items that follow it.
        max_pairs: of one user, the latest; None takes all. It keeps heavy buyers from ruling the set.

    Raises:
        InputError: a value under 1.
    """

    window: int = 1
    max_pairs: int | None = 50

    def __post_init__(self) -> None:
        if self.window < 1 or (self.max_pairs is not None and self.max_pairs < 1):
            raise InputError("a window or max_pairs under 1 makes no pairs", fix="use 1 or more")


def sequence_pairs(
    sequences: Iterable[UserSequence],
    items: Mapping[str, str],
    options: SequenceOptions | None = None,
    relevant: int = 2,
) -> TrainingSet:
    """Each item as a query (``item:<id>``, its encoder text) for the items that follow it.

    The last two items of every user are excluded, whatever the options say. All users share the query of an
    item, so that what follows it for one user is no negative of another; nor is the item itself.

    Raises:
        InputError: no pair is left.
    """
    options = options or SequenceOptions()
    steps = dict.fromkeys(step for sequence in sequences for step in _steps(sequence, options))
    known = [step for step in steps if items.keys() >= {*step}]
    pairs = (
        Pair(query_id(first), query_text(items[first]), second, UNJUDGED_GRADE, PairSource.SEQUENCES)
        for first, second in known
    )
    itself = {query_id(first): {first: UNJUDGED_GRADE} for first, _ in known}
    lost = {UNKNOWN_ITEM: len(steps) - len(known)} if len(known) < len(steps) else {}
    return training_set(pairs, items, itself, relevant, lost)


def query_id(item: str) -> str:
    """The query id of an item."""
    return f"item:{item}"


def _steps(sequence: UserSequence, options: SequenceOptions) -> list[tuple[str, str]]:
    steps = list(_all_steps(sequence.items[:-HELD_OUT], options.window))
    return steps if options.max_pairs is None else steps[-options.max_pairs :]


def _all_steps(history: tuple[str, ...], window: int) -> Iterator[tuple[str, str]]:
    """In the order of the later item."""
    for later in range(len(history)):
        for earlier in range(max(0, later - window), later):
            if history[earlier] != history[later]:
                yield history[earlier], history[later]
