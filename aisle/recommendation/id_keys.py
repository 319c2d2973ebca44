"""Keys of ids, and where each stands among a fixed number of entries: linear probing over arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle.errors import InputError

UNKNOWN: Final = -1
"""The entry of a key that is not there."""

Ids = Sequence[str] | NDArray[np.integer[Any]]
"""Strings, or an array of integers of up to 64 bits. 5 and "5" are two ids."""


def keys_of(ids: Ids) -> NDArray[np.uint64]:
    """What ids are found by: of integers a bijection, of strings 127 bits of BLAKE2b.

    Among a billion strings the chance that any two have one key is below 1e-20. No string has an integer's.

    Returns:
        uint64 [ids, 2]; the second number is never 0.

    Raises:
        InputError: ids of another type.
    """
    if isinstance(ids, np.ndarray):
        if ids.ndim != 1 or ids.dtype.kind not in "iu" or ids.dtype == np.uint64:
            raise InputError(f"an array of {ids.dtype} holds no ids", fix="give int64, or a list of strings")
        first = _mixed(ids.astype(np.int64).view(np.uint64))
        return np.stack([first, np.full(len(ids), 2, dtype=np.uint64)], axis=1)
    if isinstance(ids, str) or not all(isinstance(one, str) for one in ids):
        raise InputError("ids are neither all strings nor an array of integers", fix="give a list of strings")
    digests = (hashlib.blake2b(one.encode("utf-8", "surrogatepass"), digest_size=16).digest() for one in ids)
    keys = np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64).reshape(-1, 2)
    keys[:, 1] |= np.uint64(1)
    return keys


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finalizer (Steele, Lea and Flood 2014): neighbours get distant homes, no two the same."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        numbers = (numbers ^ (numbers >> np.uint64(shift))) * np.uint64(factor)
    return numbers


class KeySlots:
    """Which entry has a key. Entries are numbers below a fixed size; at most half of the slots are taken.

    Args:
        size: of the entries.

    Attributes:
        keys: uint64 [size, 2]; zeros where an entry has none.
    """

    def __init__(self, size: int) -> None:
        self.keys = np.zeros((size, 2), dtype=np.uint64)
        self._slots = np.full(1 << (2 * size - 1).bit_length(), UNKNOWN, dtype=np.int32)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.keys.nbytes + self._slots.nbytes

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The entry of each key, int64 [keys]; `UNKNOWN` for one that is not there."""
        found = np.full(len(keys), UNKNOWN, dtype=np.int64)
        asked, at = np.arange(len(keys)), self._homes(keys)
        while len(asked):
            entries = self._slots[at]
            taken = entries != UNKNOWN
            same = taken & (self.keys[entries] == keys[asked]).all(axis=1)
            found[asked[same]] = entries[same]
            further = taken & ~same
            asked, at = asked[further], self._after(at[further])
        return found

    def add(self, entries: NDArray[np.int64], keys: NDArray[np.uint64]) -> None:
        """Give different keys that are not there to different entries that have none."""
        self.keys[entries] = keys
        at = self._homes(keys)
        while len(entries):
            empty = self._slots[at] == UNKNOWN
            self._slots[at[empty]] = entries[empty]
            # Of several that meet in an empty slot the last one has it.
            further = self._slots[at] != entries
            entries, at = entries[further], self._after(at[further])

    def swap(self, one: int, other: int) -> None:
        """Exchange the keys of two entries, of which the second may have none."""
        here = self._slot(one)
        if self.keys[other].any():
            self._slots[self._slot(other)] = one
        self._slots[here] = other
        self.keys[[one, other]] = self.keys[[other, one]]

    def remove(self, entries: NDArray[np.int64]) -> None:
        """Take the keys of entries away; what stands behind a gap closes it (Knuth, volume 3, 6.4, R)."""
        size = len(self._slots)
        for entry in entries.tolist():
            gap = self._slot(entry)
            for at in self._run(gap):
                home = self._home(int(self._slots[at]))
                if (at - home) % size >= (at - gap) % size:
                    self._slots[gap] = self._slots[at]
                    gap = at
            self._slots[gap] = UNKNOWN
        self.keys[entries] = 0

    def _slot(self, entry: int) -> int:
        home = self._home(entry)
        if self._slots[home] == entry:
            return home
        return next(at for at in self._run(home) if self._slots[at] == entry)

    def _run(self, slot: int) -> Iterator[int]:
        """The slots after one, up to the first that is empty."""
        mask = len(self._slots) - 1
        at = (slot + 1) & mask
        while self._slots[at] != UNKNOWN:
            yield at
            at = (at + 1) & mask

    def _home(self, entry: int) -> int:
        return int(self.keys[entry, 0]) & (len(self._slots) - 1)

    def _homes(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        return (keys[:, 0] & np.uint64(len(self._slots) - 1)).astype(np.int64)

    def _after(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        return (at + 1) & (len(self._slots) - 1)
