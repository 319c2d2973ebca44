"""How often a key and an address may ask."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from aisle.errors import LimitReached


class RateLimits:
    """Counts requests of keys and addresses in this process: with several processes each counts for itself.

    Args:
        per_address: requests per minute of one address; 0 for as many as it likes.
        per_key: of a key that says nothing itself; likewise.
    """

    def __init__(self, per_address: int, per_key: int) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._per_address = per_address
        self._per_key = per_key

    def address(self, address: str, requests: int = 1) -> None:
        """Count requests of an address; raises LimitReached."""
        self._count(self._per_address, "address", address, requests)

    def key(self, name: str, per_minute: int | None, requests: int = 1) -> None:
        """Count requests of a key; raises LimitReached."""
        self._count(self._per_key if per_minute is None else per_minute, "key", name, requests)

    def _count(self, most: int, kind: str, whose: str, requests: int) -> None:
        if not (most and requests):
            return
        limit = RateLimitItemPerMinute(most)
        if self._limiter.hit(limit, kind, whose, cost=requests):
            return
        again = self._limiter.get_window_stats(limit, kind, whose).reset_time - time.time()
        raise LimitReached(
            f"more than {most:,} requests in a minute of one {kind}",
            fix=f"try again in {max(1, math.ceil(again))} s",
        )
