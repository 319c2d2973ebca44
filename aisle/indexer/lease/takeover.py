"""Is the lease to be had? Decided from what one process sees of the document, by its own clock. Pure."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final

import psutil

from aisle.indexer.lease.state import Owner, Seen

# Between two looks the cluster may have been away, or this process stopped, and the holder's sign of life
# with them: however long it was, it counts as silence up to this share of the lease.
_LONGEST_GAP: Final = 1 / 3


class TakeoverVerdict(Enum):
    """What to do next."""

    TAKE = auto()
    LOOK_AGAIN = auto()
    REFUSED = auto()


@dataclass(slots=True)
class TakeoverWatch:
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

    def look(self, seen: Seen, now: float) -> TakeoverVerdict:
        """Judge what was read just before ``now``."""
        owner = seen.state.owner
        lease_s = max(self.lease_s, seen.state.lease_s)
        before, gap = self._watched, now - self._last_look
        self._watched, self._last_look = seen, now
        self._silent_s = self._silent_s + min(gap, lease_s * _LONGEST_GAP) if seen == before else 0.0
        if owner is None or self.gone(owner) or self._silent_s >= lease_s:
            return TakeoverVerdict.TAKE
        # A change since the last look is a sign of life.
        alive = before is not None and seen != before
        return TakeoverVerdict.REFUSED if alive and now - self.started >= self.wait_s else TakeoverVerdict.LOOK_AGAIN


_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES: Final = Path("/proc/self/ns/pid")


def this_process(what: str) -> Owner:
    """The calling process, doing ``what``."""
    return Owner(host=socket.gethostname(), realm=process_realm(), pid=os.getpid(), what=what)


def process_realm() -> str:
    """Within it a process number means one process: this start of the kernel and this PID namespace.

    A host's name is not enough: two containers may share it, and in both the process is number 1.
    Empty where the system does not tell (no Linux); then nobody is ever taken for dead at once.
    """
    try:
        return f"{_BOOT.read_text().strip()}/{_PROCESSES.readlink()}"
    except OSError:
        return ""


def is_gone(owner: Owner) -> bool:
    """True only if the owner ran where this process runs and no live process has its number any more."""
    if not owner.realm or owner.realm != process_realm():
        return False
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    try:
        # Killed, and not yet noticed by its parent (in a container often nobody ever does).
        return psutil.Process(owner.pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        # Gone a moment later, or hidden from this user.
        return False
