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
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import opensearchpy

from cluster import translated_errors
from indexer.belt import Stopped
from indexer.lease_held import Lease
from indexer.retries import RetryPolicy
from indexer.state_index import StateIndex
from records import AisleError, IndexingFailed

__all__ = ["Lease", "hold"]

_log = logging.getLogger(__name__)
_DEFAULT_POLICY = RetryPolicy()


@contextmanager
def hold(
    client: opensearchpy.OpenSearch,
    name: str,
    what: str,
    *,
    wait_s: float = 0.0,
    lease_s: float = 15.0,
    policy: RetryPolicy = _DEFAULT_POLICY,
) -> Iterator[Lease]:
    """Hold the lease of a catalogue while the block runs.

    Args:
        client: used from a thread of its own as well.
        name: of the catalogue, checked.
        what: the command that does it, for the message that others get.
        wait_s: how long to wait for a holder that is alive, in seconds. With 0 its next sign of life ends the
            waiting, which takes up to a third of its ``lease_s``.
        lease_s: how long this process may be silent before another one takes over, in seconds.
        policy: of each request while the node is away.

    Raises:
        InputError: another holder is alive; the message names it.
        ClusterUnavailable, DiskFull: see `until_done`.
    """
    stop = threading.Event()
    lease = Lease(StateIndex(client, name, stop), StateIndex(client, name), name, what, lease_s, policy)
    beating = threading.Thread(
        target=_beat, args=(lease, lease_s, stop), name=f"lease of {name}", daemon=True
    )
    try:
        with translated_errors():
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
