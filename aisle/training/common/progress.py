"""Progress of a training: who receives it, and lines of it for a log file."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Event, RLock, Thread
from types import TracebackType
from typing import IO, Protocol, Self


class Progress(Protocol):
    """Receives what a training reports: stages, other phases, steps and remarks."""

    def stage(self, name: str, position: int, count: int) -> None:
        """A stage begins: its name, its number from 1, and how many there are."""

    def phase(self, name: str) -> None:
        """Something else than a stage begins: reading data, mining, exporting and measuring."""

    def step(self, done: int, total: int, loss: float | None) -> None:
        """So many of all steps are done; the mean loss of the last ones, if it is known."""

    def note(self, text: str) -> None:
        """Something worth one line."""


class Silent:
    """Says nothing."""

    def stage(self, name: str, position: int, count: int) -> None:
        """Nothing."""

    def phase(self, name: str) -> None:
        """Nothing."""

    def step(self, done: int, total: int, loss: float | None) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""


_FIRST_ESTIMATE = 10
"""Steps after which the time left is said for the first time."""


@dataclass(slots=True)
class _Phase:
    """What is going on: a name, when it began, and the steps of its present run of steps."""

    name: str
    began: float
    first: tuple[int, float] | None = None
    done: int = 0
    total: int = 0
    loss: float | None = None
    detail: str = ""

    def told(self, done: int, total: int, loss: float | None, now: float) -> None:
        """A stage may train several times: where the count begins again, so does the clock."""
        if self.first is None or done <= self.done or total != self.total:
            self.first = done, now
        self.done, self.total, self.loss = done, total, loss

    @property
    def worth_a_line(self) -> bool:
        """The first estimate, and the end."""
        since = self.done - self.first[0] if self.first else 0
        return since == _FIRST_ESTIMATE or self.done == self.total

    def line(self, now: float) -> str:
        """Name, step, loss, rate and time left, as far as they are known."""
        if self.first is None:
            return ", ".join(filter(None, (self.name, self.detail, f"{_spell(now - self.began)} so far")))
        parts = [self.name, f"step {self.done:,} of {self.total:,}"]
        if self.loss is not None:
            parts.append(f"loss {self.loss:.3f}")
        steps, seconds = self.done - self.first[0], now - self.first[1]
        if steps > 0 and seconds > 0:
            rate = steps / seconds
            parts += [f"{rate:.3g} steps/s", f"{_spell((self.total - self.done) / rate)} left"]
        return ", ".join(parts)


@dataclass(slots=True)
class ProgressLines:
    """Plain lines for a stream that is no terminal: a log file, a pipe, a job's output. A context manager.

    A line comes at the start and the end of each stage and phase, with each remark, and at least every
    ``every`` seconds, whatever the training does meanwhile. All are flushed.

    Attributes:
        stream: where they go.
        every: seconds, more than 0.
    """

    stream: IO[str]
    every: float = 30.0
    _phase: _Phase | None = None
    _lock: RLock = field(default_factory=RLock)
    _stop: Event = field(default_factory=Event)
    _clock: Thread | None = None

    def __enter__(self) -> Self:
        self._clock = Thread(target=self._beat, name="aisle-progress", daemon=True)
        self._clock.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._clock is not None:
            self._clock.join()
        with self._lock:
            self._end("stopped" if error else "done")

    def stage(self, name: str, position: int, count: int) -> None:
        """Ends what was going on, and begins a stage."""
        self.phase(f"stage {position} of {count}: {name}")

    def phase(self, name: str) -> None:
        """Ends what was going on, and begins something else."""
        with self._lock:
            self._end("done")
            self._phase = _Phase(name, time.monotonic())
            self._write(f"{name}: begins")

    def step(self, done: int, total: int, loss: float | None) -> None:
        """Kept for the next line."""
        with self._lock:
            phase = self._phase or _Phase("training", time.monotonic())
            self._phase = phase
            phase.told(done, total, loss, time.monotonic())
            if phase.worth_a_line:
                self._write(phase.line(time.monotonic()))

    def note(self, text: str) -> None:
        """A line of its own."""
        with self._lock:
            if self._phase is not None:
                # Steps that come now are of something else, such as a teacher within a stage.
                self._phase.first, self._phase.detail = None, text
            self._write(text)

    def _beat(self) -> None:
        while not self._stop.wait(self.every):
            with self._lock:
                if self._phase is not None:
                    self._write(self._phase.line(time.monotonic()))

    def _end(self, how: str) -> None:
        if self._phase is not None:
            took = _spell(time.monotonic() - self._phase.began)
            self._write(f"{self._phase.name}: {how} after {took}")
            self._phase = None

    def _write(self, text: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {text}", file=self.stream, flush=True)


def _spell(seconds: float) -> str:
    """In whole units, as a person would say it."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
