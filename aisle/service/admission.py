"""How many requests are answered at a time, how many may wait, and for how long."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from anyio import CapacityLimiter, WouldBlock, move_on_after

from aisle.errors import Overloaded

# How much of what is known of the time inside a request that leaves replaces.
_NEWS: Final = 0.1


class Admission:
    """Lets a few requests in at a time, keeps some waiting, and refuses the others at once.

    Clients of a catalogue wait for OpenSearch and for models that work outside of Python, so threads answer
    several requests at a time. More than the machine can serve would make all of them slow, and more than
    can wait are better told so at once.

    Args:
        threads: requests that are answered at a time.
        queue: requests that may wait.
        patience_s: how long waiting is worth it, in seconds.

    Attributes:
        threads: limits the threads that those inside take.
    """

    def __init__(self, threads: int, queue: int, patience_s: float = math.inf) -> None:
        self.threads = CapacityLimiter(threads)
        self._inside = CapacityLimiter(threads)
        self._queue = queue
        self._patience_s = patience_s
        self._mean_s = 0.0

    @property
    def inside(self) -> int:
        """Requests that are being answered."""
        return int(self._inside.borrowed_tokens)

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return self._inside.statistics().tasks_waiting

    @property
    def pressure(self) -> float:
        """How near those that come now are to being refused, 0 to 1.

        That is the larger share of two: of the queue, and of the patience that waiting will take as long as
        those inside took lately. Where requests are slow, few that wait are many. Without a queue it is 1
        when all places are taken.
        """
        if self._queue == 0:
            return float(self._inside.available_tokens <= 0)
        waiting = self.waiting
        wait_s = waiting * self._mean_s / self._inside.total_tokens
        return min(1.0, max(waiting / self._queue, wait_s / self._patience_s))

    @asynccontextmanager
    async def enter(self, ends: float | None) -> AsyncIterator[float]:
        """A place among those that are answered; yields the milliseconds that it was waited for.

        Args:
            ends: reading of ``time.monotonic`` until which waiting is worth it; None: however long.

        Raises:
            Overloaded: as many wait as may, or the wait took all the time.
        """
        if self._inside.available_tokens <= 0 and self.waiting >= self._queue:
            raise Overloaded(
                f"{self.waiting:,} requests wait already", fix="try again after the seconds of Retry-After"
            )
        began = time.monotonic()
        try:
            self._inside.acquire_nowait()
        except WouldBlock:
            with move_on_after(math.inf if ends is None else ends - began) as wait:
                await self._inside.acquire()
            if wait.cancelled_caught:
                raise Overloaded(
                    "the time for this request was over before its turn came",
                    fix="try again after the seconds of Retry-After",
                ) from None
        entered = time.monotonic()
        try:
            yield (entered - began) * 1000
        finally:
            self._inside.release()
            self._mean_s += _NEWS * (time.monotonic() - entered - self._mean_s)
