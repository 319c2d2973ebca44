"""Which failures of a whole request are worth repeating, and how: backoff with jitter until a deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import opensearchpy
from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_delay,
    stop_when_event_set,
    wait_random_exponential,
)

from indexer.belt import Stopped
from indexer.outcomes import BUSY_STATUSES, check_fatal
from records import ClusterUnavailable

T = TypeVar("T")


class TryAgain(Exception):
    """The node could not do it now; the message says why."""


class NodeBusy(TryAgain):
    """It could not because it has too much to do: fewer requests at a time would help."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Attributes:
    deadline_s: how long one request may go on failing before the run gives up.
    first_wait_s, longest_wait_s: a wait is drawn evenly from 0 to first * 2^n, at most the longest
        ("full jitter", Brooker 2015), so that many writers do not come back at the same moment.
    request_timeout_s: how long one attempt may take.
    """

    deadline_s: float = 120.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 15.0
    request_timeout_s: float = 60.0


def until_done(
    action: Callable[[], T],
    policy: RetryPolicy,
    stop: threading.Event,
    failed: Callable[[TryAgain], None] = lambda _: None,
) -> T:
    """Run ``action`` until it no longer raises `TryAgain` or a passing transport error.

    Args:
        action: safe to repeat.
        policy: when, and for how long.
        stop: ends the waits.
        failed: told of each attempt that did not do it.

    Raises:
        ClusterUnavailable: still failing at the deadline.
        DiskFull: the cluster refuses writes because of its disk.
        Stopped: ``stop`` was set while waiting.
        opensearchpy.TransportError: anything that a repeat cannot help.
    """
    retrying = Retrying(
        retry=retry_if_exception_type(TryAgain),
        wait=wait_random_exponential(multiplier=policy.first_wait_s, max=policy.longest_wait_s),
        stop=stop_after_delay(policy.deadline_s) | stop_when_event_set(stop),
        sleep=sleep_using_event(stop),
    )
    try:
        done: T = retrying(_telling, action, failed)
    except RetryError as error:
        if stop.is_set():
            raise Stopped from error
        reason = error.last_attempt.exception()
        raise ClusterUnavailable(
            f"OpenSearch took no more requests for {policy.deadline_s:g} s ({reason})",
            fix="check the node (`aisle status`, `aisle logs`), then run the same command again",
        ) from error
    return done


def _telling(action: Callable[[], T], failed: Callable[[TryAgain], None]) -> T:
    try:
        return _passing_or_final(action)
    except TryAgain as failure:
        failed(failure)
        raise


def _passing_or_final(action: Callable[[], T]) -> T:
    try:
        return action()
    except opensearchpy.SSLError:
        raise
    except opensearchpy.ConnectionTimeout as error:
        raise NodeBusy(f"no answer: {error.error}") from error
    except opensearchpy.ConnectionError as error:
        raise TryAgain(f"no answer: {error.error}") from error
    except opensearchpy.SerializationError as error:
        raise TryAgain("the answer was cut off or is no JSON") from error
    except opensearchpy.TransportError as error:
        if isinstance(error.info, dict):
            check_fatal(error.info.get("error"))
        if error.status_code in BUSY_STATUSES:
            raise NodeBusy(f"HTTP {error.status_code}") from error
        raise
