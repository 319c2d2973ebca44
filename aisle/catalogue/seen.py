"""The ids that were read so far, of any number of rows."""

from __future__ import annotations

from array import array
from typing import Final

DUPLICATE: Final = "duplicate id"
"""Why a row whose id was there before is no item."""


_MASK: Final = (1 << 64) - 1


class SeenIds:
    """A set of 64-bit hashes in a flat table: 11 to 22 bytes an id, where a Python set takes about 100.

    Two different ids collide with probability 2^-64. Among n ids a good row is taken for a duplicate with
    probability of about n^2 / 2^65: 3e-8 for a million rows, 3e-4 for a hundred million. It would stand in
    the rejects file.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, identity: str) -> bool:
        """Remember an id. True if it is new."""
        # Of 64 bits, and keyed with the process's own secret: nobody can make two that are one.
        if not self._put(hash(identity) & _MASK or 1):  # 0 marks an empty slot
            return False
        self._count += 1
        if self._count * 4 > len(self._slots) * 3:
            self._grow()
        return True

    def _put(self, key: int) -> bool:
        slots = self._slots
        mask = len(slots) - 1
        at = key & mask
        while slots[at]:
            if slots[at] == key:
                return False
            at = (at + 1) & mask
        slots[at] = key
        return True

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", bytes(16 * len(old)))
        for key in old:
            if key:
                self._put(key)
