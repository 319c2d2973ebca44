"""The right to change one catalogue: held by one process at a time, on whichever machine.

    with hold(client, "shop", "aisle index") as lease: ...

No clock is ever compared with another machine's. A holder writes a sign of life every third of ``lease_s``.
Who wants the lease watches the document by its own monotonic clock and takes it over only after ``lease_s``
without a change, or at once when the holder was a process of this very machine that is gone. Every write is
a compare and swap: of two that take it at the same moment one wins, and a holder that slept too long (was
stopped, suspended, cut off) finds out at its next write. After Gray and Cheriton, Leases, SOSP 1989.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from typing import Final

import psutil

from aisle.cluster import Cluster
from aisle.cluster.failures import RetryPolicy, Stopped
from aisle.errors import AisleError, IndexingFailed, InputError
from aisle.indexer.lease.state import LeaseDocument, Owner, Seen, StateIndex

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
        return (
            TakeoverVerdict.REFUSED
            if alive and now - self.started >= self.wait_s
            else TakeoverVerdict.LOOK_AGAIN
        )


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


_log = logging.getLogger(__name__)
_LONGEST_POLL_S: Final = 0.5
# Letting go must keep nobody waiting: a lease that could not be let go of ends by itself.
_LET_GO: Final = RetryPolicy(deadline_s=2, first_wait_s=0.1, longest_wait_s=0.5, request_timeout_s=3)
_LET_GO_ATTEMPTS: Final = 3


class Lease:
    """The right to change a catalogue, as `hold` gives it; its methods may be called from any thread.

    Args:
        index: the state of the catalogue.
        last: the same, for letting go: ``index`` no longer waits for a node once the block has ended.
    """

    def __init__(
        self,
        index: StateIndex,
        last: StateIndex,
        name: str,
        what: str,
        lease_s: float,
        policy: RetryPolicy,
    ) -> None:
        self._index = index
        self._last = last
        self._name = name
        self._lease_s = lease_s
        self._policy = policy
        self._tried = False
        self._mine = LeaseDocument(token=uuid.uuid4().hex, lease_s=lease_s, owner=this_process(what))
        self._seen: Seen | None = None
        self._writing = threading.Lock()

    def check(self, policy: RetryPolicy | None = None) -> None:
        """Renew the lease, which proves that it is still held: one small write.

        Args:
            policy: of the request; None takes the lease's own.

        Raises:
            IndexingFailed: it was lost: this process was silent for so long that another one took over.
            ClusterUnavailable, DiskFull: nobody can tell.
        """
        self._renew(LeaseDocument.renewed, policy or self._policy)

    def reserve(self, count: int, above: int = 0) -> int:
        """The first of ``count`` version numbers in a row that nobody else ever gets.

        Args:
            count: 1 or more.
            above: all of them will be larger than this, for an index whose versions are ahead of the state.

        Raises:
            As `check`.
        """
        if count < 1:
            raise InputError(f"{count} numbers cannot be reserved", fix="reserve 1 or more")
        return self._renew(lambda now: now.reserved(count, above), self._policy).sequence - count

    def next_release(self, least: int) -> int:
        """The number of a new release, which nobody else gets (`LeaseDocument.next_release`)."""
        return self._renew(lambda now: now.numbered(least), self._policy).release

    def take(self, wait_s: float) -> None:
        """Raises `InputError` when another holder is alive and goes on for ``wait_s`` seconds."""
        taking = TakeoverWatch(wait_s, self._lease_s, time.monotonic(), is_gone)
        while True:
            seen = self._index.read(self._policy)
            verdict = taking.look(seen, time.monotonic())
            if verdict is TakeoverVerdict.REFUSED:
                raise InputError(
                    f"{self._name} is being changed by {seen.state.owner}",
                    fix="wait until that has ended, or end it, then try again",
                )
            if verdict is TakeoverVerdict.TAKE and self._take_over(seen):
                return
            if verdict is TakeoverVerdict.LOOK_AGAIN:
                time.sleep(min(_LONGEST_POLL_S, self._lease_s / 10))

    def let_go(self) -> None:
        """So that the next one need not wait. Raises nothing: what it cannot do, time does."""
        if not self._tried:
            return
        try:
            for _ in range(_LET_GO_ATTEMPTS):
                seen = self._last.read(_LET_GO)
                ours = seen.state.token == self._mine.token
                if not ours or self._last.swap(seen, seen.state.freed(), _LET_GO):
                    return
        except AisleError as error:
            _log.warning("%s stays reserved for up to %g s (%s)", self._name, self._lease_s, error)

    def _take_over(self, seen: Seen) -> bool:
        self._tried = True
        wanted = replace(self._mine, sequence=seen.state.sequence, release=seen.state.release)
        self._seen = self._index.swap(seen, wanted, self._policy)
        if self._seen is None and (found := self._index.read(self._policy)).state == wanted:
            # It was our own write that was faster: its answer was lost.
            self._seen = found
        return self._seen is not None

    def _renew(self, change: Callable[[LeaseDocument], LeaseDocument], policy: RetryPolicy) -> LeaseDocument:
        """Write the holder's next state, a sign of life; returns it."""
        with self._writing:
            seen = self._seen
            while seen is not None:
                wanted = change(seen.state)
                written = self._index.swap(seen, wanted, policy)
                if written is None:
                    found = self._index.read(policy)
                    if found.state.token != self._mine.token:
                        raise self._lost(found)
                    # Ours: this very write, whose answer was lost, or an earlier one that was given up.
                    written = found if found.state == wanted else None
                    seen = found
                if written is not None:
                    self._seen = written
                    return written.state
        raise InputError(f"the lease of {self._name} was never taken", fix="use it inside `hold`")

    def _lost(self, found: Seen) -> IndexingFailed:
        other = found.state.owner or "another process"
        return IndexingFailed(
            f"{self._name} was taken over by {other} while this process was silent",
            fix="look at what is live (`aisle releases list`), then run the command again",
        )


__all__ = ["Lease", "hold"]

_DEFAULT_POLICY = RetryPolicy()


@contextmanager
def hold(
    cluster: Cluster,
    name: str,
    what: str,
    *,
    wait_s: float = 0.0,
    lease_s: float = 15.0,
    policy: RetryPolicy = _DEFAULT_POLICY,
) -> Iterator[Lease]:
    """Hold the lease of a catalogue while the block runs.

    Args:
        cluster: used from a thread of its own as well.
        name: of the catalogue, checked.
        what: the command that does it, for the message that others get.
        wait_s: how long to wait for a holder that is alive, in seconds. With 0 its next sign of life ends the
            waiting, which takes up to a third of its ``lease_s``.
        lease_s: how long this process may be silent before another one takes over, in seconds.
        policy: of each request while the node is away.

    Raises:
        InputError: another holder is alive; the message names it.
        ClusterUnavailable: the node stayed away past the deadline of ``policy``.
        DiskFull: the cluster refuses writes because of its disk.
    """
    stop = threading.Event()
    lease = Lease(StateIndex(cluster, name, stop), StateIndex(cluster, name), name, what, lease_s, policy)
    beating = threading.Thread(
        target=_beat, args=(lease, lease_s, stop), name=f"lease of {name}", daemon=True
    )
    try:
        lease.take(wait_s)
        beating.start()
        yield lease
    finally:
        # Also after a Ctrl-C in the middle of taking it: the write may have been done.
        try:
            stop.set()
            if beating.ident is not None:
                beating.join(lease_s)
        finally:
            lease.let_go()


def _beat(lease: Lease, lease_s: float, stop: threading.Event) -> None:
    every = lease_s / 3
    policy = RetryPolicy(every, every / 50, every / 10, request_timeout_s=every)
    pause = every
    while not stop.wait(pause):
        try:
            lease.check(policy)
            pause = every
        except IndexingFailed as error:
            # Whoever holds it learns it from `check`.
            _log.warning("%s", error.message)
            return
        except Stopped:
            return
        except AisleError as error:
            pause = every / 10
            _log.debug("no sign of life could be written: %s", error.message)
