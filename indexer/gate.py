"""Lets as many writers write at a time as `pace` finds good."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TypeAlias

from indexer.belt import Stopped
from indexer.bulk_bodies import Body
from indexer.pace import Pace, PaceSettings, Window
from indexer.writer import Written

Write: TypeAlias = Callable[[Body, threading.Event], Written]

# A window is at least this long and has this many bodies for each writer: shorter ones measure the luck of
# single requests.
_WINDOW_S = 1.0
_BODIES_EACH = 3
# How soon a waiting writer notices that the run was stopped.
_LOOK_UP_S = 0.1


class Gate:
    """A semaphore whose number of places follows the measured throughput.

    Args:
        settings: of the controller.
        window_s: seconds of writing that make a window, at least.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        settings: PaceSettings,
        *,
        window_s: float = _WINDOW_S,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._pace = Pace.begin(settings)
        self._window_s = window_s
        self._clock = clock
        self._room = threading.Condition()
        self._inside = 0
        self._since = clock()
        self._window = self._halved = 0
        self._open_window()

    @property
    def limit(self) -> int:
        """How many may be inside now."""
        return self._pace.limit

    @contextmanager
    def place(self, stop: threading.Event) -> Iterator[int]:
        """Wait for room, be inside, make room; yields the number of the window one came in.

        Raises:
            Stopped: ``stop`` was set while waiting.
        """
        with self._room:
            while self._inside >= self._pace.limit:
                self._room.wait(_LOOK_UP_S)
                if stop.is_set():
                    raise Stopped
            self._count_time()
            self._inside += 1
            came_in = self._window
        try:
            yield came_in
        finally:
            with self._room:
                self._count_time()
                self._inside -= 1
                self._room.notify_all()

    def count(self, documents: int, busy: int, came_in: int) -> None:
        """One body is settled; after enough of them, or a busy node, the limit moves.

        Args:
            documents: of the body.
            busy: how often the node was too busy for it.
            came_in: what `place` gave. Requests that ran side by side meet a busy node together, which halves
                the limit once and not once for each.
        """
        with self._room:
            self._documents += documents
            self._bodies += 1
            news = busy if came_in >= self._halved else 0
            enough = self._seconds >= self._window_s and self._bodies >= _BODIES_EACH * self._pace.limit
            if not enough and not news:
                return
            mean = self._writer_seconds / self._seconds if self._seconds else 0.0
            self._pace = self._pace.after(Window(self._documents, self._seconds, mean, news))
            self._window += 1
            if news:
                self._halved = self._window
            self._open_window()
            self._room.notify_all()

    def _open_window(self) -> None:
        self._documents = self._bodies = 0
        self._seconds = self._writer_seconds = 0.0

    def _count_time(self) -> None:
        """Only with somebody inside: waiting for the encoder says nothing about the server."""
        now = self._clock()
        if self._inside:
            self._seconds += now - self._since
            self._writer_seconds += self._inside * (now - self._since)
        self._since = now


def paced(write: Write, gate: Gate) -> Write:
    """``write``, in as many threads at a time as ``gate`` lets in; the others wait before it."""

    def through(body: Body, stop: threading.Event) -> Written:
        with gate.place(stop) as came_in:
            written = write(body, stop)
        gate.count(len(body), written.busy, came_in)
        return written

    return through
