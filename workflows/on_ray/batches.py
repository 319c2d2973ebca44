"""Items → numbered ones → batches without gaps, small enough to travel."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from indexer.positions import Positions
from records import Item


@dataclass(frozen=True, slots=True)
class Batch:
    """Items at the positions ``first``, ``first + 1``, ... of the catalogue."""

    first: int
    items: tuple[Item, ...]

    @property
    def last(self) -> int:
        """Position of the last item."""
        return self.first + len(self.items) - 1

    def packed(self) -> bytes:
        """For another process of this run; packed once, as whoever only hands it on need not unpack it."""
        # Plain tuples: an item's attributes may be a read-only view, which cannot be pickled.
        rows = [
            (i.id, i.title, i.text, i.brand, i.category, i.price, i.image, dict(i.attributes))
            for i in self.items
        ]
        return pickle.dumps((self.first, rows), protocol=pickle.HIGHEST_PROTOCOL)

    @staticmethod
    def unpacked(packed: bytes) -> Batch:
        """The inverse of ``packed``."""
        first, rows = pickle.loads(packed)
        return Batch(first, tuple(Item(*row) for row in rows))


class Numbered:
    """Items and their positions, without those that are settled; to be read once.

    Attributes:
        read: items so far, the settled ones among them.
    """

    def __init__(self, items: Iterable[Item], settled: Positions) -> None:
        self.read = 0
        self._items = items
        self._settled = settled

    def __iter__(self) -> Iterator[tuple[int, Item]]:
        for position, item in enumerate(self._items):
            self.read = position + 1
            if position not in self._settled:
                yield position, item


def contiguous(numbered: Iterable[tuple[int, Item]], size: int) -> Iterator[Batch]:
    """Group ``(position, item)`` pairs of growing position; a gap (settled before) begins a new batch."""
    first, waiting = 0, list[Item]()
    for position, item in numbered:
        if waiting and (position != first + len(waiting) or len(waiting) >= size):
            yield Batch(first, tuple(waiting))
            waiting = []
        if not waiting:
            first = position
        waiting.append(item)
    if waiting:
        yield Batch(first, tuple(waiting))
