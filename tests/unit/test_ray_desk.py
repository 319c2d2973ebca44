"""The buffer gives the same batch under the same number until it is settled; errors travel as data."""

from __future__ import annotations

import pickle
import threading
import time

import pytest

from aisle.errors import AisleError, DiskFull, MissingExtra
from aisle.indexer.ray.buffer import BatchBuffer, Fetch
from aisle.indexer.ray.task import Failed


def test_a_second_reader_sees_what_the_first_one_saw_less_what_is_settled() -> None:
    buffer = BatchBuffer()
    for number in range(4):
        buffer.lay(number, b"%d" % number)
    buffer.close()
    assert [buffer.take(number, 0).packed for number in range(4)] == [b"0", b"1", b"2", b"3"]
    buffer.settled(0)
    buffer.settled(2)
    # As many turns as before: Ray counts the rows of a task that it repeats.
    assert [buffer.take(number, 0).packed for number in range(4)] == [b"", b"1", b"", b"3"]
    assert buffer.take(4, 0) == Fetch(ended=True)


def test_attempts_are_counted_per_batch() -> None:
    buffer = BatchBuffer()
    assert [buffer.begin(number) for number in (3, 3, 4, 3)] == [1, 2, 1, 3]
    buffer.settled(3)
    assert buffer.begin(3) == 1


def test_nothing_yet_is_not_the_end() -> None:
    buffer = BatchBuffer()
    assert buffer.take(0, 0.01) == Fetch(packed=None, ended=False)
    buffer.lay(0, b"a")
    assert buffer.take(0, 0) == Fetch(b"a")


def test_a_repeated_delivery_is_ignored() -> None:
    buffer = BatchBuffer()
    buffer.lay(0, b"a")
    buffer.settled(0)
    buffer.lay(0, b"a")
    assert buffer.take(0, 0) == Fetch(b"")
    assert buffer.take(1, 0) == Fetch()


def test_who_waits_is_woken_by_a_batch_and_by_the_end() -> None:
    buffer = BatchBuffer()
    turns: list[Fetch] = []
    waiting = threading.Thread(target=lambda: turns.extend((buffer.take(0, 30), buffer.take(1, 30))))
    started = time.monotonic()
    waiting.start()
    buffer.lay(0, b"a")
    buffer.close()
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
