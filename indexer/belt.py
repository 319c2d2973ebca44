"""A bounded queue between two stages of the pipeline that any stage can stop."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar, cast

from indexer.retries import Stopped

T = TypeVar("T")
_END = object()
# How soon a waiting stage notices that the run was stopped.
_LOOK_UP_S = 0.1


class Belt(Generic[T]):
    """Full belts make the stage before wait: that bounds the memory of a run.

    Args:
        length: how many things may lie on it.
        stop: when set, `put` and iteration raise `Stopped`.
    """

    def __init__(self, length: int, stop: threading.Event) -> None:
        self._queue: queue.Queue[object] = queue.Queue(length)
        self._stop = stop

    def put(self, thing: T) -> None:
        """Wait for room, then lay it on the belt."""
        self._put(thing)

    def close(self) -> None:
        """Nothing more will come."""
        self._put(_END)

    def __iter__(self) -> Iterator[T]:
        """Until the belt is closed and empty; several stages may share one belt."""
        while True:
            thing = self._get()
            if thing is _END:
                # For the next one who shares the belt; there is room, as one place was just emptied.
                self._queue.put(_END)
                return
            yield cast(T, thing)

    def _put(self, thing: object) -> None:
        while not self._stop.is_set():
            try:
                return self._queue.put(thing, timeout=_LOOK_UP_S)
            except queue.Full:
                continue
        raise Stopped

    def _get(self) -> object:
        while not self._stop.is_set():
            try:
                return self._queue.get(timeout=_LOOK_UP_S)
            except queue.Empty:
                continue
        raise Stopped
