"""Is the lease to be had? Decided from what one process sees of the document, by its own clock. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from indexer.state import Owner
from indexer.state_index import Seen

# Between two looks the cluster may have been away, or this process stopped, and the holder's sign of life
# with them: however long it was, it counts as silence up to this share of the lease.
_LONGEST_GAP: Final = 1 / 3


class Verdict(Enum):
    """What to do next."""

    TAKE = auto()
    LOOK_AGAIN = auto()
    REFUSED = auto()


@dataclass(slots=True)
class Taking:
    """Fed with each look at the document.

    Attributes:
        wait_s: how long to wait for a holder that is alive.
        lease_s: how long the document must be unchanged before its holder counts as gone; the holder's own
            ``lease_s`` if that is longer.
        started: monotonic time, in seconds, as all times here.
        gone: tells whether an owner certainly is.
    """

    wait_s: float
    lease_s: float
    started: float
    gone: Callable[[Owner], bool]
    _watched: Seen | None = None
    _silent_s: float = 0.0
    _last_look: float = 0.0

    def look(self, seen: Seen, now: float) -> Verdict:
        """Judge what was read just before ``now``."""
        owner = seen.state.owner
        lease_s = max(self.lease_s, seen.state.lease_s)
        before, gap = self._watched, now - self._last_look
        self._watched, self._last_look = seen, now
        self._silent_s = self._silent_s + min(gap, lease_s * _LONGEST_GAP) if seen == before else 0.0
        if owner is None or self.gone(owner) or self._silent_s >= lease_s:
            return Verdict.TAKE
        # A change since the last look is a sign of life.
        alive = before is not None and seen != before
        return Verdict.REFUSED if alive and now - self.started >= self.wait_s else Verdict.LOOK_AGAIN
