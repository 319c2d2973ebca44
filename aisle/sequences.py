"""What users took one after the other, as arrays: the record that readers, channels and protocols share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aisle.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """Users' items, oldest first. Items and users are positions in ``items`` and ``users``.

    Attributes:
        items: ids of the catalogue's items, each once; also those that nobody took.
        users: ids, each once.
        offsets: int64 [users + 1], where each user's steps begin and end.
        steps: int32 [steps], positions of items; of one user oldest first, repeats included.
        times: float64 [steps], seconds since 1970 in UTC; None if only the order is known.

    Raises:
        InputError: arrays that do not fit each other.
    """

    items: tuple[str, ...]
    users: tuple[str, ...]
    offsets: NDArray[np.int64]
    steps: NDArray[np.int32]
    times: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        ends_well = len(self.offsets) == len(self.users) + 1 and self.offsets[-1] == len(self.steps)
        known = not len(self.steps) or (self.steps.min() >= 0 and self.steps.max() < len(self.items))
        if not (ends_well and known) or (self.times is not None and len(self.times) != len(self.steps)):
            raise InputError("steps, users and items do not fit each other", fix="read the sequences again")

    def __len__(self) -> int:
        return len(self.users)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """int64 [users], steps of each."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> NDArray[np.int64]:
        """int64 [steps], the user of each step."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)

    @property
    def ages(self) -> NDArray[np.int64]:
        """int64 [steps], how many steps of the same user are later: 0 for the last."""
        return np.repeat(self.offsets[1:], self.lengths) - 1 - np.arange(len(self.steps), dtype=np.int64)

    def digest(self) -> str:
        """sha256 of the items and the steps, by order; of times only what they decided."""
        return digest_of(self.items, self.offsets, self.steps)

    def onto(self, items: tuple[str, ...]) -> Sequences:
        """The same steps as positions in other items; steps of items that are not among them are left out."""
        if items == self.items:
            return self
        found = places_among(self.items, items)
        kept = self.where(found[self.steps] >= 0)
        return replace(kept, items=items, steps=found[kept.steps])

    def of(self, user: int) -> NDArray[np.int32]:
        """The steps of the user at this position."""
        return self.steps[self.offsets[user] : self.offsets[user + 1]]

    def where(self, kept: NDArray[np.bool_]) -> Sequences:
        """Only the steps that are kept, bool [steps]; every user stays, if with none."""
        counts = np.bincount(self.owners[kept], minlength=len(self))
        times = None if self.times is None else self.times[kept]
        return Sequences(self.items, self.users, offsets_of(counts), self.steps[kept], times)

    def of_users(self, chosen: NDArray[np.intp]) -> Sequences:
        """The whole sequences of some users, in the order of their positions in ``chosen``."""
        offsets, places = gathered(self.offsets, chosen)
        times = None if self.times is None else self.times[places]
        users = tuple(self.users[user] for user in chosen)
        return Sequences(self.items, users, offsets, self.steps[places], times)


def one_sequence(items: tuple[str, ...], steps: Iterable[int]) -> Sequences:
    """The sequence of one user without a name."""
    array = np.fromiter(steps, dtype=np.int32)
    return Sequences(items, ("",), np.array([0, len(array)], dtype=np.int64), array)


def sequences_of(
    items: tuple[str, ...], histories: Sequence[Sequence[int]], users: Sequence[str] | None = None
) -> Sequences:
    """Sequences of lists of positions; users are called by their numbers unless they have names."""
    names = tuple(users) if users is not None else tuple(map(str, range(len(histories))))
    lengths = np.fromiter(map(len, histories), dtype=np.int64, count=len(histories))
    steps = np.fromiter((step for steps in histories for step in steps), dtype=np.int32)
    return Sequences(items, names, offsets_of(lengths), steps)


def sorted_sequences(
    items: tuple[str, ...],
    users: tuple[str, ...],
    owners: NDArray[np.int64],
    steps: NDArray[np.int32],
    times: NDArray[np.float64],
) -> Sequences:
    """Sequences of events in any order; events of one user at one time keep the order they come in.

    Args:
        items: ids of the catalogue.
        users: ids.
        owners: int64 [events], positions of users.
        steps: int32 [events], positions of items.
        times: float64 [events], seconds since 1970.
    """
    order = np.lexsort((times, owners))
    counts = np.bincount(owners, minlength=len(users))
    return Sequences(items, users, offsets_of(counts), steps[order], times[order])


def digest_of(items: Sequence[str], offsets: NDArray[np.int64], parts: NDArray[np.int32]) -> str:
    """sha256 of items, and of what each owner has of them, by order.

    Args:
        items: ids.
        offsets: int64 [owners + 1], where the parts of each begin and end.
        parts: int32 [parts], positions of items.
    """
    found = hashlib.sha256("\n".join(items).encode())
    found.update(offsets.tobytes())
    found.update(parts.tobytes())
    return found.hexdigest()


def places_among(items: Sequence[str], others: Sequence[str]) -> NDArray[np.int32]:
    """int32 [items], the position of each among ``others``, which are there once; -1 where it is not."""
    places = {other: place for place, other in enumerate(others)}
    return np.array([places.get(item, -1) for item in items], dtype=np.int32)


def gathered(
    offsets: NDArray[np.int64], chosen: NDArray[np.intp]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the parts of some owners lie among all, and where each of theirs begins once they are taken out.

    Args:
        offsets: int64 [owners + 1].
        chosen: positions of owners, in any order.

    Returns:
        int64 [chosen + 1], their offsets, and int64 [parts], the places.
    """
    lengths = np.diff(offsets)[chosen]
    begins = np.repeat(offsets[chosen], lengths)
    found = offsets_of(lengths)
    return found, begins + np.arange(int(lengths.sum())) - np.repeat(found[:-1], lengths)


def offsets_of(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64 [owners + 1], where the parts of each begin and end.

    Args:
        lengths: int64 [owners], parts of each.
    """
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
