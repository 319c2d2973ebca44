"""What OpenSearch and the way to it say went wrong → one member of Aisle's error tree."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import opensearchpy
from opensearchpy.exceptions import ConnectionError as NoConnection
from opensearchpy.exceptions import (
    ConnectionTimeout,
    OpenSearchException,
    SerializationError,
    SSLError,
    TransportError,
)
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

from aisle.errors import (
    AisleError,
    AuthenticationFailed,
    ClusterError,
    ClusterUnavailable,
    DiskFull,
    IndexBlocked,
    IndexNotFound,
    InvalidQuery,
    PipelineMissing,
)

_DISK_SIGNS: Final = (
    "read-only-allow-delete",
    "flood-stage watermark",
    "disk usage exceeded",
    "create-index blocked",
    "no space left on device",
)
_PIPELINE_GONE: Final = re.compile(
    r"pipeline .*(not defined|missing|does not exist|not found)", re.IGNORECASE
)
_CLAUSES_SIGN: Final = "maxClauseCount"
TOO_MANY_CLAUSES: Final = "the query has more words, or parts of words, than OpenSearch takes in a request"
FEWER_CLAUSES: Final = "ask with fewer words, or with words that have fewer hyphens, dots and underscores"
_AUTH_FIX: Final = "check AISLE_USER and AISLE_PASSWORD, or the API key in AISLE_HEADERS"
_LONGEST_REASON: Final = 300


def translated(error: OpenSearchException) -> AisleError:
    """The member of the error tree for one exception of opensearch-py, with the status of the answer if any.

    - ClusterUnavailable: nothing answers, too slow, or overloaded (429, 5xx).
    - AuthenticationFailed: 401, 403, or a certificate that does not verify.
    - DiskFull: the cluster blocks writes because its disk is almost full.
    - IndexBlocked: it blocks them because somebody said so.
    - IndexNotFound, PipelineMissing: the request names what is not there.
    - InvalidQuery: it has more clauses than a node takes.
    - ClusterError: anything else that the cluster refused, with its reason.
    """
    if isinstance(error, SSLError):
        return AuthenticationFailed(
            "the server's certificate could not be verified",
            fix="set AISLE_CA_FILE to the PEM file of the CA that signed it, or AISLE_VERIFY=false",
        )
    if isinstance(error, ConnectionTimeout):
        return ClusterUnavailable(
            "OpenSearch did not answer in time", fix="raise AISLE_TIMEOUT_S, or look at the node's load"
        )
    if isinstance(error, NoConnection):
        return ClusterUnavailable(
            "nothing answers at the OpenSearch address",
            fix="start a node with 'aisle up', or check AISLE_URL and the network",
        )
    if isinstance(error, TransportError):
        return _of_answer(error)
    if isinstance(error, SerializationError):
        return ClusterUnavailable(
            "OpenSearch's answer was cut off or is no JSON",
            fix="look for a proxy that ends connections between Aisle and OpenSearch, then try again",
        )
    return ClusterError(f"the client failed: {type(error).__name__}", fix="see the cause in the traceback")


def means_disk_full(reason: str) -> bool:
    """Does this reason (of a request or of one bulk item) say that a disk is almost full?"""
    lowered = reason.lower()
    return any(sign in lowered for sign in _DISK_SIGNS)


def too_many_clauses(reason: str) -> bool:
    """Does this reason say that a request has more clauses than ``indices.query.bool.max_clause_count``?"""
    return _CLAUSES_SIGN in reason


def closes_the_disk(error: TransportError) -> bool:
    """Has the cluster closed an index because of its disk? Its status may say "try again": it is no use."""
    cause = error.info.get("error") if isinstance(error.info, dict) else None
    return is_disk_block(cause)


_BLOCK: Final = "cluster_block_exception"


def blocked(reason: str, status: int | None = None) -> IndexBlocked:
    """The error for a block that was set on purpose; ``reason`` is OpenSearch's own, and names the block."""
    return IndexBlocked(
        f"OpenSearch takes no changes: {reason.rstrip(';')}",
        fix='lift the block (for index.blocks.write: PUT INDEX/_settings with {"index.blocks.write": null}),'
        " then run the same command again",
        status=status,
    )


def is_block(cause: Any) -> bool:
    """Is this error, of a request or of one document, a block of the index or the cluster?"""
    return isinstance(cause, Mapping) and cause.get("type") == _BLOCK


def is_disk_block(cause: Any) -> bool:
    """Is this error, of a request or of one document, the block of an index whose disk is almost full?"""
    return is_block(cause) and means_disk_full(str(cause.get("reason")))


def own_words(error: AisleError) -> str:
    """What OpenSearch itself said of a request of a `Cluster`, causes included; "" if it said nothing."""
    wire = error.__cause__
    if not isinstance(wire, TransportError):
        return ""
    return describe(wire.info["error"]) if isinstance(wire.info, dict) else str(wire.error)


def describe(error: Any) -> str:
    """An OpenSearch error, causes included, as one line."""
    parts: list[str] = []
    while isinstance(error, Mapping):
        parts.append(f"{error.get('type')}: {error.get('reason')}")
        error = error.get("caused_by")
    text = " ".join(" / ".join(parts).split()) or str(error)
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"


def _of_answer(error: TransportError) -> AisleError:
    status = error.status_code if isinstance(error.status_code, int) else None
    reason = _reason(error)
    return _by_reason(str(error.error), status, reason) or _by_status(status or 0, reason)


def _by_reason(kind: str, status: int | None, reason: str) -> AisleError | None:
    """What the server's words tell more exactly than its status."""
    if means_disk_full(f"{kind} {reason}"):
        return DiskFull(
            "the cluster blocks writes: its disk is almost full",
            fix="free disk space on the node (the block then lifts by itself) and run the command again",
            status=status,
        )
    if kind == _BLOCK:
        return blocked(reason, status)
    if kind == "index_not_found_exception":
        return IndexNotFound(reason, fix="index a catalogue first, or check the name", status=status)
    if _PIPELINE_GONE.search(reason):
        return PipelineMissing(
            reason, fix="index the catalogue again, which writes its pipelines", status=status
        )
    if too_many_clauses(reason):
        return InvalidQuery(TOO_MANY_CLAUSES, fix=FEWER_CLAUSES, status=status)
    return None


def _by_status(status: int, reason: str) -> AisleError:
    if status == 401:
        return AuthenticationFailed(
            "OpenSearch refused the user or the password (401)", fix=_AUTH_FIX, status=status
        )
    if status == 403:
        return AuthenticationFailed(
            f"OpenSearch does not allow this (403): {reason}", fix=_AUTH_FIX, status=status
        )
    if status == 429:
        return ClusterUnavailable(
            f"OpenSearch is overloaded (429): {reason}",
            fix="try later, or with fewer requests at a time",
            status=status,
        )
    if status >= 500:
        return ClusterUnavailable(
            f"OpenSearch failed ({status}): {reason}",
            fix="look at the node's log ('aisle logs')",
            status=status,
        )
    return ClusterError(
        f"OpenSearch refused the request ({status}): {reason}",
        fix="the reason names the cause",
        status=status,
    )


def _reason(error: TransportError) -> str:
    """The server's own words, on one line. Never the request, which may hold what the user typed."""
    info = error.info
    cause = info.get("error") if isinstance(info, dict) else None
    if isinstance(cause, dict):
        roots = cause.get("root_cause") or [cause]
        text = str(cause.get("reason") or roots[0].get("reason") or cause.get("type"))
        deepest = _deepest(roots[0])
        if deepest not in text:
            text = f"{text}: {deepest}"
    else:
        text = str(cause or error.error)
    return " ".join(text.split())[:_LONGEST_REASON]


def _deepest(cause: dict[str, Any]) -> str:
    """The reason at the end of the chain of causes: what "failed to parse" stems from."""
    while isinstance(cause.get("caused_by"), dict):
        cause = cause["caused_by"]
    return str(cause.get("reason") or "")


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
        IndexBlocked: likewise, if that is why.
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
            if isinstance(last, IndexBlocked):
                raise last from last.__cause__
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
    if isinstance(error, IndexBlocked):
        # A snapshot, a migration or a person lifts it again.
        return TryAgain(error.message)
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
