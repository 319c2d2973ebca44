"""Requests as a load: so many clients one after the other, or so many requests a second whatever happens."""

from __future__ import annotations

import itertools
import random
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.harness.bare_socket import BareSocket, Request

# More than the service lets wait, so that none of them is late by its own fault.
_SENDERS: Final = 200
_OK: Final = 200
_WHOLE: Final = b'"degraded":null'
_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: milliseconds until its answer, the status, and whether a search was degraded."""

    ms: float
    status: int
    degraded: bool


@dataclass(frozen=True, slots=True)
class Load:
    """All requests of one load.

    Attributes:
        asked: each of them.
        seconds: that they took in all.
    """

    asked: Sequence[Asked]
    seconds: float

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return sum(one.status == _OK for one in self.asked) / self.seconds

    @property
    def refused(self) -> int:
        """Answers 503, which say when to come back."""
        return sum(one.status == 503 for one in self.asked)

    @property
    def failed(self) -> int:
        """Whatever else is no answer."""
        return sum(one.status not in (_OK, 503) for one in self.asked)

    @property
    def degraded(self) -> int:
        """Answers that went without something."""
        return sum(one.degraded for one in self.asked)

    def percentile(self, percent: int) -> float:
        """Of the milliseconds of what was answered."""
        took = [one.ms for one in self.asked if one.status == _OK]
        return statistics.quantiles(took, n=100)[percent - 1] if len(took) > 1 else float("inf")


def closed_load(url: str, requests: Sequence[Request], clients: int, seconds: float) -> Load:
    """So many clients, each with one request at a time."""
    return _run(url, itertools.repeat(0.0), requests, clients, seconds)


def open_load(url: str, requests: Sequence[Request], per_s: float, seconds: float) -> Load:
    """So many requests a second, at moments drawn by chance; milliseconds count from these moments."""
    draw = random.Random(_SEED)
    moments = itertools.accumulate(draw.expovariate(per_s) for _ in itertools.count())
    return _run(url, moments, requests, _SENDERS, seconds)


def _run(
    url: str, moments: Iterator[float], requests: Sequence[Request], senders: int, seconds: float
) -> Load:
    """Threads share the moments; those of 0 are at once."""
    todo, asked, lock = zip(moments, itertools.cycle(requests), strict=False), list[Asked](), threading.Lock()
    started = time.perf_counter()
    ends = started + seconds

    def next_due() -> tuple[float, Request]:
        with lock:
            moment, request = next(todo)
        return (started + moment if moment else time.perf_counter()), request

    def send() -> None:
        due, request = next_due()
        while due < ends:
            with BareSocket(url) as wire:
                try:
                    while due < ends:
                        time.sleep(max(0.0, due - time.perf_counter()))
                        answer = wire.send(request)
                        took = (time.perf_counter() - due) * 1000
                        degraded = b'"degraded"' in answer.body and _WHOLE not in answer.body
                        asked.append(Asked(took, answer.status, degraded))
                        due, request = next_due()
                except OSError:
                    # No answer: that is what is counted here.
                    asked.append(Asked((time.perf_counter() - due) * 1000, 0, False))
                    due, request = next_due()

    threads = [threading.Thread(target=send) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(asked, time.perf_counter() - started)
