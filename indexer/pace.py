"""How many bulk requests at a time? Pure: a window of measurements in, the next limit out.

One writer more or less is on trial now and then, and it stays so if that pays: a hill climb. An added
writer must bring a fair part of what the others bring, so the limit settles where the server has no more to
give. Each trial that fails doubles the wait before the next: a noisy server is not probed for ever. A busy
node halves the limit at once (as TCP does: additive increase, multiplicative decrease, Chiu & Jain 1989).
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class PaceSettings:
    """Attributes:
    most: writers at most; a run has that many threads.
    start: writers in the first window, at most ``most``.
    worth: an added writer pays if throughput grows by this part of an average writer's share, or more: 1 is
        perfect scaling, 0 none.
    first_hold, longest_hold: windows to wait after a trial that failed, or a busy node; doubled each time.
    """

    most: int = 8
    start: int = 2
    worth: float = 0.3
    first_hold: int = 4
    longest_hold: int = 64


@dataclass(frozen=True, slots=True)
class Window:
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
class Pace:
    """The controller's state; `after` gives the next.

    Attributes:
        settings: see there.
        limit: writers that may write now; beside ``settled`` while one more or less is on trial.
        settled: the limit that was the best so far.
        rate: documents per second at ``settled``, a mean over ``windows`` windows.
        hold: windows to stay there before the next trial.
        next_hold: ``hold`` after the next failure.
        step: 1 or -1, the direction of the trial under way or to come.
    """

    settings: PaceSettings
    limit: int
    settled: int
    rate: float = 0.0
    windows: int = 0
    hold: int = 1
    next_hold: int = 1
    step: int = 1

    @classmethod
    def begin(cls, settings: PaceSettings) -> Pace:
        """Before the first window."""
        start = max(1, min(settings.start, settings.most))
        return cls(settings, start, start, next_hold=settings.first_hold)

    def after(self, window: Window) -> Pace:
        """The state after one window."""
        if window.busy:
            return self._back_to(max(1, min(self.limit, self.settled) // 2), step=1)
        if window.seconds <= 0 or window.writers < self.limit - 0.5:
            return self
        rate = window.documents / window.seconds
        return self._held(rate) if self.limit == self.settled else self._tried(rate)

    def _tried(self, rate: float) -> Pace:
        fewer, more = (self.rate, rate) if self.step > 0 else (rate, self.rate)
        pays = more >= fewer * (1 + self.settings.worth / min(self.limit, self.settled))
        if pays is not (self.step > 0):
            return self._back_to(self.settled, step=-self.step)
        return replace(self, settled=self.limit, rate=rate, windows=1, hold=1)._on_trial()

    def _held(self, rate: float) -> Pace:
        windows = self.windows + 1
        return replace(self, rate=self.rate + (rate - self.rate) / windows, windows=windows)._on_trial()

    def _on_trial(self) -> Pace:
        if self.windows < self.hold:
            return self
        # At an end of the range there is one direction only.
        step = self.step if 1 <= self.limit + self.step <= self.settings.most else -self.step
        limit = min(max(1, self.limit + step), self.settings.most)
        return replace(self, limit=limit, step=step)

    def _back_to(self, limit: int, *, step: int) -> Pace:
        doubled = min(2 * self.next_hold, self.settings.longest_hold)
        return replace(
            self, limit=limit, settled=limit, windows=0, hold=self.next_hold, next_hold=doubled, step=step
        )
