"""Where the driver lays batches and workers fetch them: lives in a Ray actor of its own.

A batch stays until it is settled. So when Ray runs the reading task a second time, because its process or
machine died, it sees the same batches under the same numbers; settled ones are empty by then.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from workflows.on_ray.errand import Errand


@dataclass(frozen=True, slots=True)
class Turn:
    """The answer to ``take``.

    Attributes:
        packed: a `Batch`; empty if it was settled already, None if there is none yet.
        ended: no batch has this number, nor will.
    """

    packed: bytes | None = None
    ended: bool = False


class Desk:
    """Safe to call from several threads at once."""

    def __init__(self) -> None:
        self._errand: Errand | None = None
        self._batches: dict[int, bytes] = {}
        self._begun: dict[int, int] = {}
        self._laid = 0
        self._closed = False
        self._changed = threading.Condition()

    def open(self, errand: Errand) -> None:
        """First of all: what the workers shall do."""
        self._errand = errand

    def errand(self) -> Errand | None:
        """For the workers."""
        return self._errand

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

    def take(self, number: int, wait_s: float) -> Turn:
        """Batch ``number``, waiting up to ``wait_s`` seconds for it."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or number < self._laid, wait_s)
            if number < self._laid:
                return Turn(self._batches.get(number, b""))
            return Turn(ended=self._closed)
