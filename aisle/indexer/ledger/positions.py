"""Which items of a catalogue are settled, as ranges that merge: a few numbers, however many items. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

# First and last position, both included.
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Positions:
    """A set of positions; item n of a catalogue, in the order of its reader, has position n (from 0).

    Attributes:
        ranges: in order; between two of them at least one position is missing.
    """

    ranges: tuple[Range, ...] = ()

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)

    def __contains__(self, position: int) -> bool:
        at = bisect_right(self.ranges, position, key=lambda span: span[0])
        return at > 0 and position <= self.ranges[at - 1][1]

    def plus(self, added: Iterable[Range]) -> Positions:
        """These and those; ranges may overlap and come in any order."""
        merged: list[Range] = []
        for first, last in sorted((*self.ranges, *added)):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        return Positions(tuple(merged))


def ranges_of(positions: Iterable[int]) -> Iterator[Range]:
    """Positions in rising order as ranges."""
    first = last = -1
    for position in positions:
        if position != last + 1 or last < 0:
            if last >= 0:
                yield first, last
            first = position
        last = position
    if last >= 0:
        yield first, last


@dataclass(frozen=True, slots=True)
class EarlierProgress:
    """What an earlier run has settled.

    Attributes:
        settled: positions that need not be encoded again.
        refused: how many of them are dead letters.
    """

    settled: Positions = Positions()
    refused: int = 0

    @property
    def accepted(self) -> int:
        """Documents that OpenSearch has acknowledged."""
        return len(self.settled) - self.refused


NOTHING: Final = EarlierProgress()
