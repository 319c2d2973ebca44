"""Which failures are repeated, which mean a busy node, and how many are counted."""

from __future__ import annotations

import threading
import time
from itertools import chain, repeat

import opensearchpy
import pytest

from aisle.cluster.failures import Attempts, NodeBusy, RetryPolicy, Stopped, TryAgain
from aisle.errors import ClusterUnavailable

QUICK = RetryPolicy(deadline_s=20, first_wait_s=0.001, longest_wait_s=0.002)


def run(attempts: Attempts, *errors: Exception) -> str:
    """An action that raises one after the other, then answers."""
    waiting = chain(errors, repeat(None))
    answer = ""
    for attempt in attempts:
        with attempt:
            error = next(waiting)
            if error is not None:
                raise error
            answer = "done"
    return answer


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
def test_passing_failures_are_repeated_and_counted(error: Exception, busy: bool) -> None:
    attempts = Attempts(QUICK)
    assert run(attempts, error, error) == "done"
    assert (attempts.failed, attempts.busy) == (2, 2 * busy)


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
    attempts = Attempts(QUICK)
    with pytest.raises(type(error)):
        run(attempts, error)
    assert attempts.failed == 0


def test_a_full_disk_is_final_although_its_status_says_try_again() -> None:
    reason = "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark];"
    info = {"error": {"type": "cluster_block_exception", "reason": reason}}
    with pytest.raises(opensearchpy.TransportError):
        run(Attempts(QUICK), opensearchpy.TransportError(429, "x", info))


@pytest.mark.parametrize(
    ("error", "reason"),
    [(opensearchpy.TransportError(429, "x", None), "HTTP 429"), (NodeBusy("queue is full"), "queue is full")],
)
def test_the_deadline_ends_it_with_the_last_reason(error: Exception, reason: str) -> None:
    policy = RetryPolicy(deadline_s=0.05, first_wait_s=0.001, longest_wait_s=0.01)
    attempts = Attempts(policy)
    with pytest.raises(ClusterUnavailable, match=rf"for 0\.05 s \({reason}\)"):
        run(attempts, *[error] * 10_000)
    assert attempts.failed == attempts.busy > 1


def test_a_stop_ends_a_long_wait_at_once() -> None:
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    started = time.monotonic()
    with pytest.raises(Stopped):
        run(Attempts(RetryPolicy(first_wait_s=60, longest_wait_s=120), stop), *[TryAgain("no")] * 9)
    assert time.monotonic() - started < 3
