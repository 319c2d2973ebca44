"""Reading, encoding, packing and writing at the same time, each in threads of its own.

    items → [read] → batches → [encode] → encoded → [pack] → bodies → [write] x writers

The queues between the stages are short, so that memory holds a few batches and bodies however long the
catalogue is. The first error, or Ctrl-C, stops every stage.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from dataclasses import dataclass
from itertools import islice
from time import monotonic
from typing import Generic, TypeAlias, TypeVar, cast

from aisle.cluster.failures import Stopped
from aisle.indexer.bulk import Body, Line, Refusal, Writer, pack, serialise
from aisle.indexer.dead_letters import refused_item
from aisle.indexer.ledger.store import Ledger
from aisle.indexer.progress import Progress, ProgressCounter
from aisle.indexer.vectors import ItemEncoder, Vectors, clipped_values
from aisle.mappings.document import Value, document
from aisle.types import Item

T = TypeVar("T")
_END = object()
# How soon a waiting stage notices that the run was stopped.
_LOOK_UP_S = 0.1


class StoppableQueue(Generic[T]):
    """A full queue makes the stage before wait: that bounds the memory of a run.

    Args:
        length: how many things it holds.
        stop: when set, `put` and iteration raise `Stopped`.
    """

    def __init__(self, length: int, stop: threading.Event) -> None:
        self._queue: queue.Queue[object] = queue.Queue(length)
        self._stop = stop

    def put(self, thing: T) -> None:
        """Wait for room, then put it there."""
        self._put(thing)

    def close(self) -> None:
        """Nothing more will come."""
        self._put(_END)

    def __iter__(self) -> Iterator[T]:
        """Until the queue is closed and empty; several threads may share one."""
        while True:
            thing = self._get()
            if thing is _END:
                # For the next one who shares the queue; there is room, as one place was just emptied.
                self._queue.put(_END)
                return
            yield cast(T, thing)

    def _put(self, thing: object) -> None:
        while not self._stop.is_set():
            try:
                return self._queue.put(thing, timeout=_LOOK_UP_S)
            except queue.Full:
                continue
        raise Stopped

    def _get(self) -> object:
        while not self._stop.is_set():
            try:
                return self._queue.get(timeout=_LOOK_UP_S)
            except queue.Empty:
                continue
        raise Stopped


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """Sizes of batches and bodies, and how many writers.

    Attributes:
        batch_items: items encoded at once; more of them sort into fuller batches of equal length.
        max_body_bytes, max_body_docs: limits of one bulk request.
        writers: the most bulk requests at once; the controller finds out how many of them pay.
    """

    batch_items: int = 4096
    max_body_bytes: int = 6_000_000
    max_body_docs: int = 500
    writers: int = 4


# An item and its position.
Placed: TypeAlias = tuple[int, Item]


class PipelineStages:
    """One method per stage; each runs in a thread of its own, ``write`` in several.

    Args:
        items: read in one thread, never more than a few batches ahead.
        encoder: asked from one thread, batch after batch.
        writer: used from several threads at once.
        options: limits.
        ledger: what it has settled is left out; told of each body that is through.
    """

    def __init__(
        self,
        items: Iterable[Item],
        encoder: ItemEncoder,
        writer: Writer,
        options: PipelineOptions,
        ledger: Ledger,
    ) -> None:
        before = ledger.before()
        self.stop = threading.Event()
        self.counter = ProgressCounter(before)
        self._items = items
        self._encoder = encoder
        self._writer = writer
        self._options = options
        self._ledger = ledger
        self._settled = before.settled
        self._batches: StoppableQueue[list[Placed]] = StoppableQueue(2, self.stop)
        self._encoded: StoppableQueue[tuple[list[Placed], Vectors]] = StoppableQueue(2, self.stop)
        self._bodies: StoppableQueue[tuple[Body, list[Placed]]] = StoppableQueue(2, self.stop)

    def read(self) -> None:
        """Items that are settled are read, as only reading gives the others their positions, and left out."""
        source = enumerate(self._items)
        while True:
            with self.counter.working("read"):
                batch = list(islice(source, self._options.batch_items))
            if not batch:
                break
            self.counter.add(read=len(batch))
            left = [placed for placed in batch if placed[0] not in self._settled]
            if left:
                self._batches.put(left)
        self._batches.close()

    def encode(self) -> None:
        for batch in self._batches:
            with self.counter.working("encode"):
                vectors = self._encoder.encode([item for _, item in batch])
            self.counter.add(encoded=len(batch), clipped=clipped_values(vectors))
            self._encoded.put((batch, vectors))
        self._encoded.close()

    def pack(self) -> None:
        limits = self._options
        # What `pack` has taken and not yet given back in a body; it keeps the order.
        waiting: deque[Placed] = deque()
        lines = self._lines(waiting)
        for body in pack(lines, max_bytes=limits.max_body_bytes, max_docs=limits.max_body_docs):
            self._bodies.put((body, [waiting.popleft() for _ in range(len(body))]))
        self._bodies.close()

    def write(self) -> None:
        for body, placed in self._bodies:
            with self.counter.working("write"):
                written = self._writer.write(body, self.stop)
            by_id = {item.id: (position, item) for position, item in placed}
            self._through(placed, [(by_id[refusal.id], refusal) for refusal in written.refused])
            self.counter.add(written=written)

    def _lines(self, waiting: deque[Placed]) -> Iterator[Line]:
        for batch, vectors in self._encoded:
            with self.counter.working("pack"):
                lines = [serialise(item.id, document(item, row)) for item, row in _rows(batch, vectors)]
            both = list(zip(batch, lines, strict=True))
            refused = [(placed, line) for placed, line in both if isinstance(line, Refusal)]
            if refused:
                self._through([placed for placed, _ in refused], refused)
            for placed, line in both:
                if isinstance(line, Line):
                    waiting.append(placed)
                    yield line

    def _through(self, placed: Sequence[Placed], refused: Sequence[tuple[Placed, Refusal]]) -> None:
        letters = [refused_item(position, item, refusal.reason) for (position, item), refusal in refused]
        self._ledger.settle([position for position, _ in placed], letters)
        for letter in letters:
            self.counter.refused(letter.reason)


def _rows(batch: Sequence[Placed], vectors: Vectors) -> Iterator[tuple[Item, Mapping[str, Value]]]:
    for field, matrix in vectors.items():
        if len(matrix) != len(batch):
            raise ValueError(f"{len(matrix)} {field} vectors for {len(batch)} items")
    for row, (_, item) in enumerate(batch):
        yield item, {field: matrix[row] for field, matrix in vectors.items()}


_PROGRESS_EVERY_S = 0.25
# A stage that cannot be interrupted (native code, a hung socket) is left behind after this; its thread is
# a daemon.
_JOIN_S = 5.0


def run_pipeline(
    items: Iterable[Item],
    encoder: ItemEncoder,
    writer: Writer,
    options: PipelineOptions,
    *,
    ledger: Ledger,
    progress: Callable[[Progress], None],
) -> Progress:
    """Bring every item through all stages.

    Args:
        items: read in one thread, never more than a few batches ahead.
        encoder: asked from one thread, batch after batch.
        writer: used from ``options.writers`` threads at once.
        options: batch and body sizes.
        ledger: what it has settled is read, and neither encoded nor written. Told of each body once all its
            documents were acknowledged or refused, from several threads; it keeps those that were refused.
        progress: called a few times a second from the calling thread; may raise to end the run.

    Returns:
        The counters after the last document.

    Raises:
        Whatever the first failing stage raised, once all stages have stopped.
    """
    run = PipelineStages(items, encoder, writer, options, ledger)
    work = [run.read, run.encode, run.pack, *[run.write] * options.writers]
    threads, stages = [], []
    try:
        for task in work:
            thread, future = _start(task)
            threads.append(thread)
            stages.append(future)
        _watch(stages, run.counter, progress)
    finally:
        run.stop.set()
        deadline = monotonic() + _JOIN_S
        for thread in threads:
            thread.join(max(0.0, deadline - monotonic()))
    final = run.counter.progress()
    progress(final)
    return final


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

    thread = threading.Thread(target=body, name="aisle-index", daemon=True)
    thread.start()
    return thread, future


def _watch(
    stages: Sequence[Future[None]], counter: ProgressCounter, progress: Callable[[Progress], None]
) -> None:
    running = set(stages)
    while running:
        done, running = wait(running, timeout=_PROGRESS_EVERY_S, return_when=FIRST_EXCEPTION)
        for stage in done:
            error = stage.exception()
            if error is not None and not isinstance(error, Stopped):
                raise error
        progress(counter.progress())
