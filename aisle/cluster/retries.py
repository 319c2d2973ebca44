"""Which failures of a request are worth repeating, when, and for how long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import opensearchpy
from tenacity import (
    AttemptManager,
    RetryCallState,
    RetryError,
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_delay,
    stop_when_event_set,
    wait_random_exponential,
)

from aisle.cluster.failures import closes_the_disk
from aisle.errors import AisleError, ClusterUnavailable

BUSY_STATUSES: Final = frozenset({429, 502, 503, 504})


class Stopped(Exception):
    """Another stage failed or the user interrupted: not an error of the stage that raises it."""


class TryAgain(Exception):
    """The node could not do it now; the message says why. Raised in an attempt, it leads to the next one."""


class NodeBusy(TryAgain):
    """It could not because it has too much to do: fewer requests at a time would help."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When, and for how long, a request that failed is repeated.

    Attributes:
        deadline_s: how long one request may go on failing before the run gives up, in seconds.
        first_wait_s, longest_wait_s: a wait is drawn evenly from 0 to first * 2^n, at most the longest
            ("full jitter", Brooker 2015), so that many writers do not come back at the same moment.
        request_timeout_s: how long one attempt to write may take, in seconds.
    """

    deadline_s: float = 120.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 15.0
    request_timeout_s: float = 60.0


class Attempts:
    """The attempts at one piece of work that is safe to repeat.

        for attempt in Attempts(policy, stop):
            with attempt:
                ...

    An attempt that raises `TryAgain`, or what a `Cluster` raises for a passing failure, is followed by
    another one after a wait; anything else is raised at once.

    Args:
        policy: the waits and the deadline.
        stop: ends the waits.

    Attributes:
        failed: attempts so far that did not do it.
        busy: of these, how many met a busy node.

    Raises:
        ClusterUnavailable: from the iteration, still failing at the deadline.
        Stopped: from the iteration, ``stop`` was set while waiting.
    """

    def __init__(self, policy: RetryPolicy, stop: threading.Event | None = None) -> None:
        self.failed = 0
        self.busy = 0
        self._policy = policy
        self._stop = stop or threading.Event()

    def __iter__(self) -> Iterator[AttemptManager]:
        policy, stop = self._policy, self._stop
        retrying = Retrying(
            retry=retry_if_exception(_passes),
            wait=wait_random_exponential(multiplier=policy.first_wait_s, max=policy.longest_wait_s),
            stop=stop_after_delay(policy.deadline_s) | stop_when_event_set(stop),
            sleep=sleep_using_event(stop),
            after=self._count,
        )
        try:
            yield from retrying
        except RetryError as error:
            last = error.last_attempt.exception()
            if stop.is_set():
                raise Stopped from last
            raise ClusterUnavailable(
                f"OpenSearch took no more requests for {policy.deadline_s:g} s ({last and passing(last)})",
                fix="check the node (`aisle status`, `aisle logs`), then run the same command again",
                status=last.status if isinstance(last, AisleError) else None,
            ) from last

    def _count(self, state: RetryCallState) -> None:
        self.failed += 1
        error = state.outcome.exception() if state.outcome else None
        self.busy += error is not None and isinstance(passing(error), NodeBusy)


def passing(error: BaseException) -> TryAgain | None:
    """Why the work that failed so is worth repeating; None if a repeat cannot help.

    Args:
        error: `TryAgain`, or what a `Cluster` raised: then what the wire said, its cause, decides.
    """
    if isinstance(error, TryAgain):
        return error
    wire = error.__cause__ if isinstance(error, AisleError) else error
    if isinstance(wire, opensearchpy.SerializationError):
        return TryAgain("the answer was cut off or is no JSON")
    if not isinstance(wire, opensearchpy.TransportError) or isinstance(wire, opensearchpy.SSLError):
        return None
    if isinstance(wire, opensearchpy.ConnectionError):
        kind = NodeBusy if isinstance(wire, opensearchpy.ConnectionTimeout) else TryAgain
        return kind(f"no answer: {wire.error}")
    busy = wire.status_code in BUSY_STATUSES and not closes_the_disk(wire)
    return NodeBusy(f"HTTP {wire.status_code}") if busy else None


def _passes(error: BaseException) -> bool:
    return passing(error) is not None
