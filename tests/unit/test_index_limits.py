"""When a run gives up: too many refusals, too long without an answer, or because it was stopped."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from aisle.cluster.client import RetryPolicy, Stopped, TryAgain, until_done
from aisle.errors import ClusterUnavailable, IndexingFailed
from aisle.indexer.progress import ProgressCounter
from aisle.indexer.run import EARLY, check_early, check_final

START = ProgressCounter().progress()
QUICK = RetryPolicy(deadline_s=0.3, first_wait_s=0.01, longest_wait_s=0.02)


def test_a_share_of_refusals_is_allowed() -> None:
    check_final(replace(START, read=100, accepted=99, refused=1), 0.01)
    with pytest.raises(IndexingFailed, match="2 of 100"):
        check_final(replace(START, read=100, accepted=98, refused=2), 0.01)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_nothing_accepted_never_goes_live(share: float) -> None:
    with pytest.raises(IndexingFailed):
        check_final(replace(START, read=5, refused=5), share)
    with pytest.raises(IndexingFailed):
        check_final(START, share)


def test_a_hopeless_run_is_cut_short_but_not_for_its_first_bad_rows() -> None:
    check_early(replace(START, read=EARLY, refused=EARLY), 0.01)
    with pytest.raises(IndexingFailed):
        check_early(replace(START, read=EARLY + 1, refused=EARLY + 1), 0.01)


def test_an_action_is_repeated_until_it_is_done() -> None:
    calls: list[int] = []

    def third_time() -> str:
        calls.append(1)
        if len(calls) < 3:
            raise TryAgain("busy")
        return "done"

    assert until_done(third_time, QUICK, threading.Event()) == "done"
    assert len(calls) == 3


def busy() -> None:
    raise TryAgain("queue is full")


def test_at_the_deadline_the_last_reason_is_told() -> None:
    with pytest.raises(ClusterUnavailable, match=r"0\.3 s \(queue is full\)"):
        until_done(busy, QUICK, threading.Event())


def test_stop_ends_a_long_wait_at_once() -> None:
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    started = time.monotonic()
    with pytest.raises(Stopped):
        until_done(busy, RetryPolicy(first_wait_s=60, longest_wait_s=120), stop)
    assert time.monotonic() - started < 3


def test_other_errors_are_not_repeated() -> None:
    calls: list[int] = []

    def broken() -> None:
        calls.append(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        until_done(broken, QUICK, threading.Event())
    assert calls == [1]
