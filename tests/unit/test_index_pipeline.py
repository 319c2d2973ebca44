"""The stages overlap, wait for each other, and stop together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import pytest

from aisle.cluster.failures import Stopped
from aisle.indexer.bulk import Body, BulkResult, Refusal
from aisle.indexer.ledger.store import Ledger
from aisle.indexer.pipeline import PipelineOptions, StoppableQueue, run_pipeline
from aisle.indexer.progress import Progress
from aisle.indexer.vectors import ItemEncoder, Vectors
from aisle.types import Item

SMALL = PipelineOptions(batch_items=10, max_body_docs=10, writers=2)
Interval = tuple[float, float]


def items(number: int) -> Iterator[Item]:
    return (Item(id=str(n), title="x") for n in range(number))


def no_vectors(_: Sequence[Item]) -> Vectors:
    return {}


def accept(body: Body, _: threading.Event) -> BulkResult:
    return BulkResult(accepted=len(body))


@dataclass(frozen=True)
class Through:
    """A writer that is a function."""

    do: Callable[[Body, threading.Event], BulkResult]

    def write(self, body: Body, stop: threading.Event) -> BulkResult:
        return self.do(body, stop)


def run(
    source: Iterator[Item],
    encode: Callable[[Sequence[Item]], Vectors] = no_vectors,
    write: Callable[[Body, threading.Event], BulkResult] = accept,
    ledger: Ledger | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    encoder = ItemEncoder({}, encode)
    return run_pipeline(source, encoder, Through(write), SMALL, ledger=ledger or Ledger(), progress=progress)


def test_every_item_arrives_once_and_is_counted() -> None:
    arrived: list[str] = []

    def write(body: Body, stop: threading.Event) -> BulkResult:
        arrived.extend(line.id for line in body.lines)
        return accept(body, stop)

    end = run(items(237), write=write)
    assert sorted(arrived, key=int) == [str(n) for n in range(237)]
    assert (end.read, end.encoded, end.accepted, end.refused) == (237, 237, 237, 0)


def test_no_items_is_a_run_too() -> None:
    assert run(items(0)).read == 0


def test_encoding_and_both_writers_overlap() -> None:
    encoding: list[Interval] = []
    writing: list[Interval] = []

    def timed(log: list[Interval]) -> None:
        started = time.perf_counter()
        time.sleep(0.02)
        log.append((started, time.perf_counter()))

    def encode(batch: Sequence[Item]) -> Vectors:
        timed(encoding)
        return {}

    def write(body: Body, stop: threading.Event) -> BulkResult:
        timed(writing)
        timed(writing)
        return accept(body, stop)

    end = run(items(200), encode, write)
    assert overlaps(encoding, writing), "a batch is encoded while another is written"
    assert overlaps(writing, writing), "two writers write at once"
    assert not overlaps(encoding, encoding), "one thread encodes"
    # What a stage is said to have worked is at least what it did.
    assert end.busy_s["encode"] >= lasted(encoding)
    assert end.busy_s["write"] >= lasted(writing)


def lasted(log: list[Interval]) -> float:
    return sum(end - start for start, end in log)


def overlaps(some: list[Interval], others: list[Interval]) -> bool:
    return any(a is not b and max(a[0], b[0]) < min(a[1], b[1]) for a in some for b in others)


def test_a_slow_writer_holds_the_reader_back() -> None:
    gate = threading.Event()
    read = count()
    most: list[int] = []

    def source() -> Iterator[Item]:
        for item in items(2000):
            next(read)
            yield item

    def write(body: Body, stop: threading.Event) -> BulkResult:
        gate.wait()
        return accept(body, stop)

    def progress(now: Progress) -> None:
        # By the second look every belt has filled up.
        most.append(now.read)
        if len(most) == 2:
            gate.set()

    assert run(source(), write=write, progress=progress).accepted == 2000
    # 2 writers, 2 + 2 + 2 on the belts, one in each stage's hands: far from 200 batches.
    assert most[1] <= 12 * SMALL.batch_items


@pytest.mark.parametrize("stage", ["read", "encode", "write", "progress", "settle"])
def test_the_first_error_ends_every_stage_and_is_raised(stage: str) -> None:
    before = threading.active_count()

    def fail(*_: object) -> None:
        raise ZeroDivisionError(stage)

    def source() -> Iterator[Item]:
        yield from items(30)
        if stage == "read":
            fail()
        yield from (Item(id=str(n), title="x") for n in count(30))

    def encode(batch: Sequence[Item]) -> Vectors:
        if stage == "encode":
            fail()
        return {}

    def write(body: Body, _: threading.Event) -> BulkResult:
        if stage == "write":
            fail()
        return BulkResult(refused=tuple(Refusal(line.id, "no") for line in body.lines))

    class Failing(Ledger):
        def settle(self, *_: object) -> None:
            fail()

    ledger = Failing() if stage == "settle" else Ledger()
    progress = fail if stage == "progress" else lambda _: None
    with pytest.raises(ZeroDivisionError, match=stage):
        run(source(), encode, write, ledger, progress)
    assert threading.active_count() <= before


def test_ctrl_c_stops_an_endless_run() -> None:
    before = threading.active_count()
    read = count()

    def endless() -> Iterator[Item]:
        return (Item(id=str(n), title="x") for n in read)

    def interrupted(now: Progress) -> None:
        if now.accepted:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(endless(), progress=interrupted)
    assert threading.active_count() <= before, "every stage has ended"
    taken = next(read)
    assert next(read) == taken + 1, "nobody reads on"


def test_refusals_of_json_and_of_the_writer_are_handed_on() -> None:
    ledger = Ledger()

    def source() -> Iterator[Item]:
        yield Item(id="long" * 200, title="x")
        yield Item(id="surrogate", title="\ud800")
        yield from items(5)

    def write(body: Body, _: threading.Event) -> BulkResult:
        return BulkResult(accepted=len(body) - 1, refused=(Refusal(body.lines[0].id, "no"),))

    end = run(source(), write=write, ledger=ledger)
    assert [letter.id[:9] for letter in ledger.refused()] == ["longlongl", "surrogate", "0"]
    assert (end.read, end.accepted, end.refused) == (7, 4, 3)
    assert end.last_refusal == "no"


def test_missing_vectors_are_an_error_and_not_a_shorter_catalogue() -> None:
    import numpy as np

    with pytest.raises(ValueError, match="9 dense vectors for 10 items"):
        run(items(10), lambda batch: {"dense": np.zeros((len(batch) - 1, 4), dtype=np.float32)})


def test_a_belt_is_shared_and_ends_for_everybody() -> None:
    stop = threading.Event()
    belt: StoppableQueue[int] = StoppableQueue(3, stop)
    belt.put(1)
    belt.close()
    assert (list(belt), list(belt)) == ([1], [])
    stop.set()
    with pytest.raises(Stopped):
        belt.put(1)
    with pytest.raises(Stopped):
        next(iter(belt))
