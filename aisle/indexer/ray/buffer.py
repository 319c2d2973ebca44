"""Where the driver puts batches and workers fetch them: lives in a Ray actor of its own.

A batch stays until it is settled. So when Ray runs the reading task a second time, because its process or
machine died, it sees the same batches under the same numbers; settled ones are empty by then.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from aisle.indexer.dead_letters import DeadLetter, refused_item
from aisle.indexer.ledger.store import Positions
from aisle.indexer.ray.task import TaskSpec
from aisle.types import Item


@dataclass(frozen=True, slots=True)
class Fetch:
    """The answer to ``take``.

    Attributes:
        packed: a `Batch`; empty if it was settled already, None if there is none yet.
        ended: no batch has this number, nor will.
    """

    packed: bytes | None = None
    ended: bool = False


class BatchBuffer:
    """Safe to call from several threads at once."""

    def __init__(self) -> None:
        self._task: TaskSpec | None = None
        self._batches: dict[int, bytes] = {}
        self._begun: dict[int, int] = {}
        self._laid = 0
        self._closed = False
        self._changed = threading.Condition()

    def open(self, task: TaskSpec) -> None:
        """First of all: what the workers shall do."""
        self._task = task

    def task(self) -> TaskSpec | None:
        """For the workers."""
        return self._task

    def lay(self, number: int, packed: bytes) -> None:
        """Batches come in the order of their numbers, from 0; a repeat is ignored."""
        with self._changed:
            if number == self._laid:
                self._batches[number] = packed
                self._laid += 1
                self._changed.notify_all()

    def close(self) -> None:
        """No more batches."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def begin(self, number: int) -> int:
        """A worker takes this batch up; returns how often that has happened, this time included."""
        with self._changed:
            self._begun[number] = self._begun.get(number, 0) + 1
            return self._begun[number]

    def settled(self, number: int) -> None:
        """This batch is needed no longer."""
        with self._changed:
            self._batches.pop(number, None)
            self._begun.pop(number, None)

    def take(self, number: int, wait_s: float) -> Fetch:
        """Batch ``number``, waiting up to ``wait_s`` seconds for it."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or number < self._laid, wait_s)
            if number < self._laid:
                return Fetch(self._batches.get(number, b""))
            return Fetch(ended=self._closed)


@dataclass(frozen=True, slots=True)
class Batch:
    """Items at the positions ``first``, ``first + 1``, ... of the catalogue."""

    first: int
    items: tuple[Item, ...]

    @property
    def last(self) -> int:
        """Position of the last item."""
        return self.first + len(self.items) - 1

    def letter(self, position: int, reason: str) -> DeadLetter:
        """Of one of its items that is not in the index for good."""
        return refused_item(position, self.items[position - self.first], reason)

    def packed(self) -> bytes:
        """For another process of this run; packed once, as whoever only hands it on need not unpack it."""
        # An item's attributes and numbers may be read-only views, which cannot be pickled.
        rows = [
            replace(item, attributes=dict(item.attributes), numbers=dict(item.numbers)) for item in self.items
        ]
        return pickle.dumps((self.first, rows), protocol=pickle.HIGHEST_PROTOCOL)

    @staticmethod
    def unpacked(packed: bytes) -> Batch:
        """The inverse of ``packed``."""
        first, rows = pickle.loads(packed)
        return Batch(first, tuple(rows))


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


class Producer:
    """Puts batches into the buffer from a thread of its own.

    Args:
        ray: the connected module.
        buffer: a handle of the `BatchBuffer` actor.
        batches: read lazily, never more than ``in_flight`` of them unsettled.
        in_flight: bounds the memory of driver, buffer and workers.
    """

    def __init__(self, ray: Any, buffer: Any, batches: Iterable[Batch], in_flight: int) -> None:
        self.error: BaseException | None = None
        self._ray = ray
        self._buffer = buffer
        self._batches = batches
        self._room = threading.Semaphore(in_flight)
        self._stop = threading.Event()
        self._under_way: dict[int, Batch] = {}
        self._thread = threading.Thread(target=self._run, name="aisle-feed", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """End early; waits for a row that is being read, but not for ever."""
        self._stop.set()
        self._room.release()
        if self._thread.ident is not None:
            self._thread.join(5.0)

    @property
    def unsettled(self) -> int:
        """Batches that were put there and have not come back."""
        return len(self._under_way)

    def take_back(self, number: int) -> Batch | None:
        """The batch of a reply; None for a second reply to the same one."""
        batch = self._under_way.pop(number, None)
        if batch is not None:
            self._buffer.settled.remote(number)
            self._room.release()
        return batch

    def _run(self) -> None:
        try:
            for number, batch in enumerate(self._batches):
                self._room.acquire()
                if self._stop.is_set():
                    return
                self._under_way[number] = batch
                self._ray.get(self._buffer.lay.remote(number, batch.packed()))
        except BaseException as error:  # noqa: BLE001 - carried to the driver's thread, which raises it
            self.error = error
        finally:
            # Fire and forget: when the buffer itself is gone, the dataset ends with that error.
            self._buffer.close.remote()
