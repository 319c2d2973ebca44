"""Which row of an embedding table an id has, for ids that keep arriving: no two have one row of their own.

An id gets a row once it was seen often enough and loses it when it is no longer seen, as in Monolith (Liu et
al. 2022, arXiv 2209.07663); a row is reset, with the optimizer's state of it, before another id has it, as in
MPZCH (arXiv 2602.17050).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle._files import whole_file
from aisle.encoder.artifact import readable
from aisle.errors import InputError
from aisle.recommendation.id_keys import UNKNOWN, Ids, KeySlots, keys_of

SHARED: Final = 0
"""The row that every id without one of its own reads."""

_MADE_AT_ONCE: Final = 8
"""Where no more ids can wait, one in so many is forgotten, so that room is seldom made."""
_NEVER: Final = -1
_AGAIN: Final = "train again what the table belongs to"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdTableOptions:
    """The size of a table, and which ids it keeps.

    Attributes:
        rows: of the embedding table, the shared one included.
        sightings: that an id must have before it has a row of its own.
        max_age: an id is forgotten, and loses its row, once it was not seen for longer; in the unit of the
            times that `IdTable.observe` is told. None: no id is ever too old.
        waiting: ids without a row whose sightings are counted, at most; None: twice as many as may have rows.

    Raises:
        InputError: a value that makes no table.
    """

    rows: int
    sightings: int = 2
    max_age: int | None = None
    waiting: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("rows", 2), ("sightings", 1), ("max_age", 0), ("waiting", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise InputError(f"{name} = {value} makes no table of ids", fix=f"give {least} or more")

    @property
    def entries(self) -> int:
        """Ids that are known at once, and the shared row."""
        return self.rows + (2 * (self.rows - 1) if self.waiting is None else self.waiting)


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """What a batch of sightings led to.

    Attributes:
        rows: int32 [ids], the row that each id reads from now on.
        handed_on: int32 [n], ascending: rows that belong to another id than before. Reset them, and the
            optimizer's state of them, before ``rows`` are read.
    """

    rows: NDArray[np.int32]
    handed_on: NDArray[np.int32]


class IdTable:
    """A table of fixed size that ids enter and leave.

    Where all rows are taken, an id that was seen more often takes the row of the one that was seen least:
    without ``max_age`` the most frequent ids have the rows. What a batch leads to depends on what is in it,
    not on its order. Save a table with the embeddings that were trained with it: a row is handed on in both.

    Args:
        options: of the table.
    """

    def __init__(self, options: IdTableOptions) -> None:
        self.options = options
        # Entries below `rows` are the rows, the first the shared one; ids at the others wait for a row.
        self._slots = KeySlots(options.entries)
        self._sightings = np.zeros(options.entries, dtype=np.int64)
        self._last = np.zeros(options.entries, dtype=np.int64)
        self._now = int(np.iinfo(np.int64).min)

    def __len__(self) -> int:
        """Ids that have a row of their own."""
        return int(np.count_nonzero(self._sightings[: self.options.rows]))

    @property
    def nbytes(self) -> int:
        """What is kept beside the embeddings, in bytes."""
        return self._slots.nbytes + self._sightings.nbytes + self._last.nbytes

    def rows_of(self, ids: Ids) -> NDArray[np.int32]:
        """The row that each id reads, int32 [ids]; nothing is counted and nothing changes.

        Raises:
            InputError: ids of another type.
        """
        return self._rows(keys_of(ids))

    def observe(self, ids: Ids, now: int) -> Observed:
        """Count sightings, forget what is too old and hand rows on.

        Args:
            ids: that were seen, each as often as it was.
            now: when; no earlier than in the call before.

        Raises:
            InputError: ids of another type, or an earlier time; nothing has changed then.
        """
        keys = keys_of(ids)
        if now < self._now:
            raise InputError(
                f"ids that were seen at {now} come after those of {self._now}", fix="sort batches by time"
            )
        self._now = now
        if self.options.max_age is not None:
            known = np.flatnonzero(self._sightings)
            self._forget(known[self._last[known] < now - self.options.max_age])
        unique, counts = np.unique(keys, axis=0, return_counts=True)
        # So many at a time that all of them can wait.
        most = self.options.entries - self.options.rows
        handed_on = [
            self._hand_on(self._count(unique[begin : begin + most], counts[begin : begin + most]))
            for begin in range(0, len(unique), most)
        ]
        changed = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *handed_on]))
        return Observed(self._rows(keys), changed.astype(np.int32))

    def save(self, path: Path) -> None:
        """Write the table as arrays, whole or not at all."""
        options, known = self.options, np.flatnonzero(self._sightings)
        max_age = _NEVER if options.max_age is None else options.max_age
        numbers = (options.rows, options.sightings, max_age, options.entries - options.rows, self._now)
        with whole_file(path) as file:
            np.savez(
                file,
                allow_pickle=False,
                options=np.array(numbers, dtype=np.int64),
                entries=known,
                keys=self._slots.keys[known],
                sightings=self._sightings[known],
                last=self._last[known],
            )

    @classmethod
    def load(cls, path: Path) -> IdTable:
        """Read a table that was saved; it goes on as if it had never been away.

        Raises:
            ArtifactCorrupt: the file is missing or holds no table.
        """
        with readable(path, _AGAIN):
            with np.load(path, allow_pickle=False) as held:
                rows, sightings, max_age, waiting, now = held["options"].tolist()
                known = [held[name] for name in ("entries", "keys", "sightings", "last")]
            options = IdTableOptions(
                rows=rows,
                sightings=sightings,
                max_age=None if max_age == _NEVER else max_age,
                waiting=waiting,
            )
            table = cls(options)
            table._now = now
            table._fill(*known)
        return table

    def _fill(
        self,
        entries: NDArray[np.int64],
        keys: NDArray[np.uint64],
        sightings: NDArray[np.int64],
        last: NDArray[np.int64],
    ) -> None:
        once = len(np.unique(entries)) == len(entries) == len(np.unique(keys, axis=0))
        past = bool((last <= self._now).all() and (sightings > 0).all() and keys[:, 1].all())
        if not (once and past and (entries > SHARED).all()):
            raise InputError("its ids contradict each other", fix=_AGAIN)
        self._slots.add(entries, keys)
        self._sightings[entries], self._last[entries] = sightings, last

    def _rows(self, keys: NDArray[np.uint64]) -> NDArray[np.int32]:
        found = self._slots.find(keys)
        own = (found != UNKNOWN) & (found < self.options.rows)
        return np.where(own, found, SHARED).astype(np.int32)

    def _count(self, keys: NDArray[np.uint64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Count the sightings of different ids; their entries."""
        found = self._slots.find(keys)
        known = found != UNKNOWN
        entries = self._room(int(np.count_nonzero(~known)), found[known])
        self._slots.add(entries, keys[~known])
        found[~known] = entries
        self._sightings[found] += counts
        self._last[found] = self._now
        return found

    def _room(self, needed: int, kept: NDArray[np.int64]) -> NDArray[np.int64]:
        """Entries for ids that will wait; those that were seen least are forgotten for it."""
        waiting = np.arange(self.options.rows, self.options.entries)
        free: NDArray[np.int64] = waiting[self._sightings[waiting] == 0]
        if len(free) < needed:
            old = waiting[(self._sightings[waiting] > 0) & ~np.isin(waiting, kept)]
            old = old[self._order(old, self._last[old], self._sightings[old])]
            self._forget(old[: max(needed - len(free), len(waiting) // _MADE_AT_ONCE)])
            free = waiting[self._sightings[waiting] == 0]
        return free[:needed]

    def _hand_on(self, seen: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give rows to those of the seen that have earned one; the rows."""
        earned = seen[(seen >= self.options.rows) & (self._sightings[seen] >= self.options.sightings)]
        earned = earned[self._order(earned, -self._sightings[earned])]
        # Rows that nobody has come first: they have no sightings.
        own = np.arange(SHARED + 1, self.options.rows)
        own = own[self._order(own, self._last[own], self._sightings[own])][: len(earned)]
        earned = earned[: len(own)]
        more = self._sightings[earned] > self._sightings[own]
        earned, own = earned[more], own[more]
        for entry, row in zip(earned.tolist(), own.tolist(), strict=True):
            self._slots.swap(entry, row)
        for held in (self._sightings, self._last):
            held[own], held[earned] = held[earned], held[own]
        return own

    def _order(self, entries: NDArray[np.int64], *by: NDArray[np.int64]) -> NDArray[np.intp]:
        """Ascending by the last of some numbers, then the one before it; the keys decide what is equal."""
        order: NDArray[np.intp] = np.lexsort((*self._slots.keys[entries].T, *by))
        return order

    def _forget(self, entries: NDArray[np.int64]) -> None:
        self._slots.remove(entries)
        self._sightings[entries] = self._last[entries] = 0
