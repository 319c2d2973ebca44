"""Which failures are repeated, which mean a busy node, and who is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import chain, repeat

import opensearchpy
import pytest

from aisle.cluster.client import NodeBusy, RetryPolicy, Stopped, TryAgain, until_done
from aisle.errors import ClusterUnavailable, DiskFull

QUICK = RetryPolicy(deadline_s=20, first_wait_s=0.001, longest_wait_s=0.002)


def failing(*errors: Exception) -> Callable[[], str]:
    """Raises one after the other, then answers."""
    waiting = chain(errors, repeat(None))

    def action() -> str:
        error = next(waiting)
        if error is not None:
            raise error
        return "done"

    return action


@pytest.mark.parametrize(
    ("error", "busy"),
    [
        (opensearchpy.TransportError(429, "rejected_execution_exception", None), True),
        (opensearchpy.TransportError(502, "<html>", None), True),
        (opensearchpy.TransportError(503, "unavailable", None), True),
        (opensearchpy.TransportError(504, "<html>", None), True),
        (opensearchpy.ConnectionTimeout("TIMEOUT", "read timed out", OSError()), True),
        (opensearchpy.ConnectionError("N/A", "connection reset", OSError()), False),
        (opensearchpy.SerializationError("cut"), False),
        (NodeBusy("queue is full"), True),
        (TryAgain("odd answer"), False),
    ],
    ids=str,
)
def test_passing_failures_are_repeated_and_told(error: Exception, busy: bool) -> None:
    told: list[TryAgain] = []
    assert until_done(failing(error, error), QUICK, threading.Event(), told.append) == "done"
    assert [isinstance(failure, NodeBusy) for failure in told] == [busy, busy]


@pytest.mark.parametrize(
    "error",
    [
        opensearchpy.TransportError(400, "mapper_parsing_exception", None),
        opensearchpy.AuthenticationException(401, "no", None),
        opensearchpy.SSLError("N/A", "certificate", OSError()),
        ZeroDivisionError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_final_failures_are_raised_at_once(error: Exception) -> None:
    told: list[TryAgain] = []
    with pytest.raises(type(error)):
        until_done(failing(error), QUICK, threading.Event(), told.append)
    assert told == []


def test_a_full_disk_is_final_although_its_status_says_try_again() -> None:
    reason = "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark];"
    info = {"error": {"type": "cluster_block_exception", "reason": reason}}
    with pytest.raises(DiskFull):
        until_done(failing(opensearchpy.TransportError(429, "x", info)), QUICK, threading.Event())


def test_the_deadline_ends_it_with_the_last_reason() -> None:
    policy = RetryPolicy(deadline_s=0.05, first_wait_s=0.001, longest_wait_s=0.01)
    always = [opensearchpy.TransportError(429, "x", None)] * 10_000
    with pytest.raises(ClusterUnavailable, match=r"for 0\.05 s \(HTTP 429\)"):
        until_done(failing(*always), policy, threading.Event())


def test_a_stop_ends_the_wait() -> None:
    stop = threading.Event()
    policy = RetryPolicy(deadline_s=60, first_wait_s=50, longest_wait_s=50)
    with pytest.raises(Stopped):
        until_done(failing(*[TryAgain("no")] * 9), policy, stop, lambda _: stop.set())
