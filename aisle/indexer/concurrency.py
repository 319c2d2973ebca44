"""Lets as many writers write at a time as the controller finds good."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter

from aisle.cluster.failures import Stopped
from aisle.indexer.bulk import Body, BulkResult, Writer


@dataclass(frozen=True, slots=True)
class HillClimbSettings:
    """How the number of concurrent bulk requests is searched for.

    Attributes:
        most: writers at most; a run has that many threads.
        start: writers in the first interval, at most ``most``.
        worth: an added writer pays if throughput grows by this part of an average writer's share, or more: 1
            is perfect scaling, 0 none.
        first_hold, longest_hold: intervals to wait after a trial that failed, or a busy node; doubled each
            time.
    """

    most: int = 8
    start: int = 2
    worth: float = 0.3
    first_hold: int = 4
    longest_hold: int = 64


@dataclass(frozen=True, slots=True)
class Interval:
    """What was seen under one limit.

    Attributes:
        documents: settled.
        seconds: with at least one request under way.
        writers: mean number of requests under way in these seconds. Far below the limit: the limit held
            nobody back, and the throughput is not its doing.
        busy: requests that met a busy node.
    """

    documents: int
    seconds: float
    writers: float
    busy: int = 0


@dataclass(frozen=True, slots=True)
class HillClimb:
    """The controller's state; `after` gives the next.

    Attributes:
        settings: of the search.
        limit: writers that may write now; beside ``settled`` while one more or less is on trial.
        settled: the limit that was the best so far.
        rate: documents per second at ``settled``, a mean over ``intervals`` intervals.
        hold: intervals to stay there before the next trial.
        next_hold: ``hold`` after the next failure.
        step: 1 or -1, the direction of the trial under way or to come.
    """

    settings: HillClimbSettings
    limit: int
    settled: int
    rate: float = 0.0
    intervals: int = 0
    hold: int = 1
    next_hold: int = 1
    step: int = 1

    @classmethod
    def begin(cls, settings: HillClimbSettings) -> HillClimb:
        """Before the first interval."""
        start = max(1, min(settings.start, settings.most))
        return cls(settings, start, start, next_hold=settings.first_hold)

    def after(self, interval: Interval) -> HillClimb:
        """The state after one interval."""
        if interval.busy:
            return self._back_to(max(1, min(self.limit, self.settled) // 2), step=1)
        if interval.seconds <= 0 or interval.writers < self.limit - 0.5:
            return self
        rate = interval.documents / interval.seconds
        return self._held(rate) if self.limit == self.settled else self._tried(rate)

    def _tried(self, rate: float) -> HillClimb:
        fewer, more = (self.rate, rate) if self.step > 0 else (rate, self.rate)
        pays = more >= fewer * (1 + self.settings.worth / min(self.limit, self.settled))
        if pays is not (self.step > 0):
            return self._back_to(self.settled, step=-self.step)
        return replace(self, settled=self.limit, rate=rate, intervals=1, hold=1)._on_trial()

    def _held(self, rate: float) -> HillClimb:
        intervals = self.intervals + 1
        return replace(self, rate=self.rate + (rate - self.rate) / intervals, intervals=intervals)._on_trial()

    def _on_trial(self) -> HillClimb:
        if self.intervals < self.hold:
            return self
        # At an end of the range there is one direction only.
        step = self.step if 1 <= self.limit + self.step <= self.settings.most else -self.step
        limit = min(max(1, self.limit + step), self.settings.most)
        return replace(self, limit=limit, step=step)

    def _back_to(self, limit: int, *, step: int) -> HillClimb:
        doubled = min(2 * self.next_hold, self.settings.longest_hold)
        return replace(
            self, limit=limit, settled=limit, intervals=0, hold=self.next_hold, next_hold=doubled, step=step
        )


# A interval is at least this long and has this many bodies for each writer: shorter ones measure the luck of
# single requests.
_INTERVAL_S = 1.0
_BODIES_EACH = 3
# How soon a waiting writer notices that the run was stopped.
_LOOK_UP_S = 0.1


class ConcurrencyLimiter:
    """A semaphore whose number of places follows the measured throughput.

    Args:
        settings: of the controller.
        interval_s: seconds of writing that make a interval, at least.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        settings: HillClimbSettings,
        *,
        interval_s: float = _INTERVAL_S,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._controller = HillClimb.begin(settings)
        self._interval_s = interval_s
        self._clock = clock
        self._room = threading.Condition()
        self._inside = 0
        self._since = clock()
        self._interval = self._halved = 0
        self._open_interval()

    @property
    def limit(self) -> int:
        """How many may be inside now."""
        return self._controller.limit

    @contextmanager
    def place(self, stop: threading.Event) -> Iterator[int]:
        """Wait for room, be inside, make room; yields the number of the interval one came in.

        Raises:
            Stopped: ``stop`` was set while waiting.
        """
        with self._room:
            while self._inside >= self._controller.limit:
                self._room.wait(_LOOK_UP_S)
                if stop.is_set():
                    raise Stopped
            self._count_time()
            self._inside += 1
            came_in = self._interval
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
            enough = (
                self._seconds >= self._interval_s and self._bodies >= _BODIES_EACH * self._controller.limit
            )
            if not enough and not news:
                return
            mean = self._writer_seconds / self._seconds if self._seconds else 0.0
            self._controller = self._controller.after(Interval(self._documents, self._seconds, mean, news))
            self._interval += 1
            if news:
                self._halved = self._interval
            self._open_interval()
            self._room.notify_all()

    def _open_interval(self) -> None:
        self._documents = self._bodies = 0
        self._seconds = self._writer_seconds = 0.0

    def _count_time(self) -> None:
        """Only with somebody inside: waiting for the encoder says nothing about the server."""
        now = self._clock()
        if self._inside:
            self._seconds += now - self._since
            self._writer_seconds += self._inside * (now - self._since)
        self._since = now


@dataclass(frozen=True, slots=True)
class LimitedWriter:
    """A writer that is entered by as many threads at a time as the limiter lets in; the others wait."""

    writer: Writer
    limiter: ConcurrencyLimiter

    def write(self, body: Body, stop: threading.Event) -> BulkResult:
        """See `Writer`."""
        with self.limiter.place(stop) as came_in:
            written = self.writer.write(body, stop)
        self.limiter.count(len(body), written.busy, came_in)
        return written
