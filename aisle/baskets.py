"""What was ordered together, as arrays: the record that readers, counts and protocols share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aisle.errors import InputError
from aisle.sequences import Sequences, digest_of, gathered, offsets_of, places_among


@dataclass(frozen=True, slots=True, eq=False)
class Baskets:
    """The items of orders. Items are positions in ``items``; a basket holds each of them once.

    Attributes:
        items: ids of the catalogue's items, each once; also those that nobody ordered.
        ids: of the baskets, each once.
        offsets: int64 [baskets + 1], where each basket's members begin and end.
        members: int32 [n], positions of items.
        times: float64 [baskets], seconds since 1970 in UTC; None if they are not known.

    Raises:
        InputError: arrays that do not fit each other, or an item twice in a basket.
    """

    items: tuple[str, ...]
    ids: tuple[str, ...]
    offsets: NDArray[np.int64]
    members: NDArray[np.int32]
    times: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        ends_well = len(self.offsets) == len(self.ids) + 1 and self.offsets[-1] == len(self.members)
        known = not len(self.members) or (self.members.min() >= 0 and self.members.max() < len(self.items))
        if not (ends_well and known) or (self.times is not None and len(self.times) != len(self.ids)):
            raise InputError("members, baskets and items do not fit each other", fix="read the orders again")
        keys = np.sort(self.owners * max(1, len(self.items)) + self.members)
        if np.any(keys[1:] == keys[:-1]):
            raise InputError("an item is in a basket twice", fix="put each item in a basket once")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """int64 [baskets], items of each."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> NDArray[np.int64]:
        """int64 [n], the basket of each member."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)

    def of_baskets(self, chosen: NDArray[np.intp]) -> Baskets:
        """Some baskets, in the order of their positions in ``chosen``."""
        offsets, places = gathered(self.offsets, chosen)
        times = None if self.times is None else self.times[chosen]
        ids = tuple(self.ids[basket] for basket in chosen)
        return Baskets(self.items, ids, offsets, self.members[places], times)

    def onto(self, items: tuple[str, ...]) -> Baskets:
        """The same baskets of positions in other items; members that are not among them are left out."""
        if items == self.items:
            return self
        found = places_among(self.items, items)
        kept = self.where(found[self.members] >= 0)
        return replace(kept, items=items, members=found[kept.members])

    def where(self, kept: NDArray[np.bool_]) -> Baskets:
        """Only the members that are kept, bool [n]; every basket stays, if with none."""
        counts = np.bincount(self.owners[kept], minlength=len(self))
        return Baskets(self.items, self.ids, offsets_of(counts), self.members[kept], self.times)

    def digest(self) -> str:
        """sha256 of the items and of what was ordered together, by order."""
        return digest_of(self.items, self.offsets, self.members)


def baskets_of(sequences: Sequences) -> Baskets:
    """Each user's different items as a basket, in the order in which they were first taken.

    Its time is that of the user's last step.
    """
    size = max(1, len(sequences.items))
    _, first = np.unique(sequences.owners * size + sequences.steps, return_index=True)
    kept = np.zeros(len(sequences.steps), dtype=np.bool_)
    kept[first] = True
    once = sequences.where(kept)
    times = None
    if sequences.times is not None:
        times = np.full(len(sequences), np.nan)
        taken = sequences.lengths > 0
        times[taken] = sequences.times[sequences.offsets[1:][taken] - 1]
    return Baskets(once.items, once.users, once.offsets, once.steps, times)


def baskets_from(
    items: tuple[str, ...], baskets: Sequence[Iterable[int]], times: Sequence[float] | None = None
) -> Baskets:
    """Baskets of lists of positions, called by their numbers.

    Args:
        items: ids of the catalogue.
        baskets: positions of each one's items; an item that comes again in a basket counts once.
        times: of each, seconds since 1970.
    """
    once = [list(dict.fromkeys(basket)) for basket in baskets]
    lengths = np.fromiter(map(len, once), dtype=np.int64, count=len(once))
    members = np.fromiter((member for basket in once for member in basket), dtype=np.int32)
    at = None if times is None else np.array(times, dtype=np.float64)
    return Baskets(items, tuple(map(str, range(len(once)))), offsets_of(lengths), members, at)
