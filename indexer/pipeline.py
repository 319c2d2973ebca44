"""Reading, encoding, packing and writing at the same time, each in threads of its own.

    items → [read] → batches → [encode] → encoded → [pack] → bodies → [write] x writers

The belts between the stages are short, so that memory holds a few batches and bodies however long the
catalogue is. The first error, or Ctrl-C, stops every stage.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from dataclasses import dataclass
from itertools import islice
from time import monotonic
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from indexer.belt import Belt, Stopped
from indexer.bulk_bodies import Body, Line, Refusal, pack, serialise
from indexer.document import document
from indexer.tally import Progress, Tally
from indexer.writer import Written
from records import Item

# Vector field to its float32 [items, dims] matrix, rows in the order of the items.
Vectors: TypeAlias = Mapping[str, NDArray[np.float32]]
Encode: TypeAlias = Callable[[Sequence[Item]], Vectors]
Write: TypeAlias = Callable[[Body, threading.Event], Written]
Refuse: TypeAlias = Callable[[Refusal], None]

_PROGRESS_EVERY_S = 0.25
# A stage that cannot be interrupted (native code, a hung socket) is left behind after this; its thread is
# a daemon.
_JOIN_S = 5.0


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """Attributes:
    batch_items: items encoded at once; more of them sort into fuller batches of equal length.
    max_body_bytes, max_body_docs: limits of one bulk request.
    writers: concurrent bulk requests.
    """

    batch_items: int = 512
    max_body_bytes: int = 6_000_000
    max_body_docs: int = 1000
    writers: int = 2


def run_pipeline(
    items: Iterable[Item],
    encode: Encode,
    write: Write,
    options: PipelineOptions,
    *,
    refuse: Refuse,
    progress: Callable[[Progress], None],
) -> Progress:
    """Bring every item through all stages.

    Args:
        items: read in one thread, never more than a few batches ahead.
        encode: called from one thread, batch after batch.
        write: called from ``options.writers`` threads at once.
        options: batch and body sizes.
        refuse: takes each document that cannot be indexed; called from one thread at a time.
        progress: called a few times a second from the calling thread; may raise to end the run.

    Returns:
        The counters after the last document.

    Raises:
        Whatever the first failing stage raised, once all stages have stopped.
    """
    run = _Run(options, refuse)
    work: list[Callable[[], None]] = [
        lambda: run.read(items),
        lambda: run.encode(encode),
        run.pack,
        *[lambda: run.write(write)] * options.writers,
    ]
    threads, stages = [], []
    try:
        for task in work:
            thread, future = _start(task)
            threads.append(thread)
            stages.append(future)
        _watch(stages, run.tally, progress)
    finally:
        run.stop.set()
        deadline = monotonic() + _JOIN_S
        for thread in threads:
            thread.join(max(0.0, deadline - monotonic()))
    final = run.tally.progress()
    progress(final)
    return final


class _Run:
    """The stages, and the belts between them."""

    def __init__(self, options: PipelineOptions, refuse: Refuse) -> None:
        self.stop = threading.Event()
        self.tally = Tally()
        self._options = options
        self._refuse = refuse
        self._refusing = threading.Lock()
        self._batches: Belt[list[Item]] = Belt(2, self.stop)
        self._encoded: Belt[tuple[list[Item], Vectors]] = Belt(2, self.stop)
        self._bodies: Belt[Body] = Belt(options.writers, self.stop)

    def read(self, items: Iterable[Item]) -> None:
        source = iter(items)
        while True:
            with self.tally.working("read"):
                batch = list(islice(source, self._options.batch_items))
            if not batch:
                break
            self.tally.add(read=len(batch))
            self._batches.put(batch)
        self._batches.close()

    def encode(self, encode: Encode) -> None:
        for batch in self._batches:
            with self.tally.working("encode"):
                vectors = encode(batch)
            self.tally.add(encoded=len(batch))
            self._encoded.put((batch, vectors))
        self._encoded.close()

    def pack(self) -> None:
        limits = self._options
        for body in pack(self._lines(), max_bytes=limits.max_body_bytes, max_docs=limits.max_body_docs):
            self._bodies.put(body)
        self._bodies.close()

    def write(self, write: Write) -> None:
        for body in self._bodies:
            with self.tally.working("write"):
                written = write(body, self.stop)
            self.tally.add(written=written)
            self._hand_on(written.refused)

    def _lines(self) -> Iterator[Line]:
        for batch, vectors in self._encoded:
            with self.tally.working("pack"):
                lines = [serialise(item.id, document(item, row)) for item, row in _rows(batch, vectors)]
            self._hand_on([line for line in lines if isinstance(line, Refusal)])
            yield from (line for line in lines if isinstance(line, Line))

    def _hand_on(self, refused: Sequence[Refusal]) -> None:
        with self._refusing:
            for refusal in refused:
                self.tally.refused(refusal)
                self._refuse(refusal)


def _rows(batch: Sequence[Item], vectors: Vectors) -> Iterator[tuple[Item, Vectors]]:
    for field, matrix in vectors.items():
        if len(matrix) != len(batch):
            raise ValueError(f"{len(matrix)} {field} vectors for {len(batch)} items")
    for position, item in enumerate(batch):
        yield item, {field: matrix[position] for field, matrix in vectors.items()}


def _start(task: Callable[[], None]) -> tuple[threading.Thread, Future[None]]:
    """Like an executor's ``submit``, but a hung thread cannot keep the process from ending."""
    future: Future[None] = Future()

    def body() -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001 - carried to the calling thread, which raises it
            future.set_exception(error)
        else:
            future.set_result(None)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    return thread, future


def _watch(stages: Sequence[Future[None]], tally: Tally, progress: Callable[[Progress], None]) -> None:
    running = set(stages)
    while running:
        done, running = wait(running, timeout=_PROGRESS_EVERY_S, return_when=FIRST_EXCEPTION)
        for stage in done:
            error = stage.exception()
            if error is not None and not isinstance(error, Stopped):
                raise error
        progress(tally.progress())
