"""How fast a model has been, and how many pairs fit into the time that is left."""

from __future__ import annotations

PROBE = 4
"""Pairs of the first look, before anything is known of the speed."""

_FADING = 0.7


class Pace:
    """Milliseconds per pair. A slow chunk counts at once, faster ones little by little.

    Shared by threads without a lock: each reads and writes one float, and any of the values will do.
    """

    def __init__(self) -> None:
        self._ms: float | None = None

    def fits(self, wanted: int, left_ms: float) -> int:
        """How many of the wanted pairs can be done in that time, by what was seen so far."""
        if left_ms <= 0:
            return 0
        if self._ms is None:
            return min(wanted, PROBE)
        return wanted if self._ms * wanted <= left_ms else int(left_ms / self._ms)

    def saw(self, pairs: int, ms: float) -> None:
        """So many pairs took so long."""
        now = ms / pairs
        self._ms = now if self._ms is None else max(now, _FADING * self._ms + (1 - _FADING) * now)
