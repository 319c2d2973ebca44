"""The desk gives the same batch under the same number until it is settled; errors travel as data."""

from __future__ import annotations

import pickle
import threading
import time

import pytest

from aisle.errors import AisleError, DiskFull, MissingExtra
from aisle.indexer.ray.buffer import BatchBuffer, Fetch
from aisle.indexer.ray.task import Failed


def test_a_second_reader_sees_what_the_first_one_saw_less_what_is_settled() -> None:
    desk = BatchBuffer()
    for number in range(4):
        desk.lay(number, b"%d" % number)
    desk.close()
    assert [desk.take(number, 0).packed for number in range(4)] == [b"0", b"1", b"2", b"3"]
    desk.settled(0)
    desk.settled(2)
    # As many turns as before: Ray counts the rows of a task that it repeats.
    assert [desk.take(number, 0).packed for number in range(4)] == [b"", b"1", b"", b"3"]
    assert desk.take(4, 0) == Fetch(ended=True)


def test_attempts_are_counted_per_batch() -> None:
    desk = BatchBuffer()
    assert [desk.begin(number) for number in (3, 3, 4, 3)] == [1, 2, 1, 3]
    desk.settled(3)
    assert desk.begin(3) == 1


def test_nothing_yet_is_not_the_end() -> None:
    desk = BatchBuffer()
    assert desk.take(0, 0.01) == Fetch(packed=None, ended=False)
    desk.lay(0, b"a")
    assert desk.take(0, 0) == Fetch(b"a")


def test_a_repeated_delivery_is_ignored() -> None:
    desk = BatchBuffer()
    desk.lay(0, b"a")
    desk.settled(0)
    desk.lay(0, b"a")
    assert desk.take(0, 0) == Fetch(b"")
    assert desk.take(1, 0) == Fetch()


def test_who_waits_is_woken_by_a_batch_and_by_the_end() -> None:
    desk = BatchBuffer()
    turns: list[Fetch] = []
    waiting = threading.Thread(target=lambda: turns.extend((desk.take(0, 30), desk.take(1, 30))))
    started = time.monotonic()
    waiting.start()
    desk.lay(0, b"a")
    desk.close()
    waiting.join(20)
    assert turns == [Fetch(b"a"), Fetch(ended=True)]
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "error", [DiskFull("the disk is full", fix="free some"), MissingExtra("x", extra="y")]
)
def test_an_error_arrives_as_what_it_was(error: AisleError) -> None:
    failed: Failed = pickle.loads(pickle.dumps(Failed.of(error)))
    with pytest.raises(type(error)) as raised:
        failed.throw()
    assert str(raised.value) == str(error)
