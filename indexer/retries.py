"""Which failures of a whole request are worth repeating, and how: backoff with jitter until a deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

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

from cluster.translate import means_disk_full
from records import ClusterUnavailable, DiskFull, IndexingFailed

T = TypeVar("T")
BUSY_STATUSES: Final = frozenset({429, 502, 503, 504})
_LONGEST_REASON: Final = 300


class Stopped(Exception):
    """Another stage failed or the user interrupted: not an error of the stage that raises it."""


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


def describe(error: Any) -> str:
    """An OpenSearch error, causes included, as one line."""
    parts: list[str] = []
    while isinstance(error, Mapping):
        parts.append(f"{error.get('type')}: {error.get('reason')}")
        error = error.get("caused_by")
    text = " ".join(" / ".join(parts).split()) or str(error)
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"


def check_fatal(error: Any) -> None:
    """Raise for an error that no other document would escape either.

    Raises:
        DiskFull: see `settle`.
        IndexingFailed: see `settle`.
    """
    kind, reason = (
        (str(error.get("type")), str(error.get("reason"))) if isinstance(error, Mapping) else ("", "")
    )
    if kind == "cluster_block_exception" and means_disk_full(reason):
        raise DiskFull(
            f"OpenSearch takes no more documents because its disk is almost full ({describe(error)})",
            fix="free disk space on the node or delete old releases, then index again",
        )
    if kind == "index_not_found_exception":
        raise IndexingFailed(
            "the unfinished release was deleted while it was being loaded",
            fix="check that no other `aisle index` runs for this name, then index again",
        )
