"""What runs in Ray's processes: the reading task, and the actor that encodes and writes."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any

from aisle._environment import optional
from aisle.cluster import Cluster, connect
from aisle.errors import AisleError, IndexingError
from aisle.indexer.bulk import Body, BulkResult, BulkWriter, Line, Refusal, pack, serialise, sum_results
from aisle.indexer.dead_letters import DeadLetter
from aisle.indexer.ray.buffer import Batch, Fetch
from aisle.indexer.ray.task import Failed, Reply, Settled, TaskSpec
from aisle.indexer.vectors import ItemEncoder, Vectors, clipped_values, stored_as
from aisle.mappings.document import document

# Items encoded at once: while one portion is being written, the next one is encoded.
PORTION = 512


@dataclass(frozen=True, slots=True)
class BatchWorker:
    """Encodes and writes batches in one of Ray's processes.

    Attributes:
        cluster: of this worker alone.
        encoder: on the cores of this worker.
        task: target, limits and retries.
    """

    cluster: Cluster
    encoder: ItemEncoder
    task: TaskSpec

    def work(self, batch: Batch) -> Settled:
        """Encode and write every item of the batch.

        Raises:
            ClusterUnavailable, DiskFull, IndexingFailed, ClusterError: see `BulkWriter.write`.
        """
        stop = threading.Event()
        requests: list[Future[tuple[BulkResult, float]]] = []
        refused: list[DeadLetter] = []
        encode_s, clipped = 0.0, 0
        writers = ThreadPoolExecutor(self.task.limits.writers, thread_name_prefix="aisle-write")
        try:
            for start in range(0, len(batch.items), PORTION):
                portion = Batch(batch.first + start, batch.items[start : start + PORTION])
                started = perf_counter()
                vectors = self.encoder.encode(portion.items)
                clipped += clipped_values(vectors)
                lines = self._lines(portion, vectors)
                encode_s += perf_counter() - started
                refused += [batch.letter(at, line.reason) for at, line in lines if isinstance(line, Refusal)]
                requests += [writers.submit(self._write, body, stop) for body in self._bodies(lines)]
            done = [request.result() for request in requests]
        finally:
            # After an error the other requests must not go on waiting for a node.
            stop.set()
            writers.shutdown(cancel_futures=True)
        written = sum_results(*(each for each, _ in done))
        return Settled(
            batch.first,
            batch.last,
            written,
            (*refused, *_letters(batch, written.refused)),
            {"encode": encode_s, "write": sum(seconds for _, seconds in done)},
            clipped,
        )

    def _lines(self, batch: Batch, vectors: Vectors) -> list[tuple[int, Line | Refusal]]:
        return [
            (
                batch.first + row,
                serialise(item.id, document(item, {field: each[row] for field, each in vectors.items()})),
            )
            for row, item in enumerate(batch.items)
        ]

    def _bodies(self, lines: Iterable[tuple[int, Line | Refusal]]) -> Iterator[Body]:
        limits = self.task.limits
        sendable = (line for _, line in lines if isinstance(line, Line))
        return pack(sendable, max_bytes=limits.max_body_bytes, max_docs=limits.max_body_docs)

    def _write(self, body: Body, stop: threading.Event) -> tuple[BulkResult, float]:
        started = perf_counter()
        written = BulkWriter(self.cluster, self.task.target, self.task.policy).write(body, stop)
        return written, perf_counter() - started


def _letters(batch: Batch, refusals: Iterable[Refusal]) -> Iterator[DeadLetter]:
    positions = {item.id: batch.first + row for row, item in enumerate(batch.items)}
    for refusal in refusals:
        yield batch.letter(positions[refusal.id], refusal.reason)


Rows = Mapping[str, Sequence[Any]]
_PATIENCE_S = 5.0
_ATTEMPTS = 4


def read_from_buffer(buffer: Any, _: Rows) -> Iterator[Rows]:
    """The reading task: a row ``number``, ``packed`` for each batch that arrives in the buffer."""
    ray = optional("ray", extra="ray")
    number = 0
    while not (fetched := _fetch(ray, buffer, number)).ended:
        if fetched.packed is not None:
            yield {"number": [number], "packed": [fetched.packed]}
            number += 1


class IndexWorker:
    """A ``map_batches`` class: rows of `read_from_buffer` → rows ``number`` and ``reply``.

    It has no state but its encoder and its client, so Ray may end it at any moment and give its batches to
    another one: the same items become the same documents under the same ids.
    """

    def __init__(self, buffer: Any) -> None:
        self._buffer = buffer

    def __call__(self, rows: Rows) -> Rows:
        """One reply per row."""
        # A catalogue without items is one block without columns.
        numbers = [int(number) for number in rows.get("number", ())]
        batches = (bytes(packed) for packed in rows.get("packed", ()))
        replies = [self._reply(number, packed) for number, packed in zip(numbers, batches, strict=True)]
        return {"number": numbers, "reply": [pickle.dumps(reply) for reply in replies]}

    def _reply(self, number: int, packed: bytes) -> Reply | None:
        if not packed:
            # Settled before Ray ran the reading task a second time.
            return None
        batch = Batch.unpacked(packed)
        try:
            self._check_attempts(number, batch)
            return self._worker.work(batch)
        except AisleError as error:
            return Failed.of(error)

    def _check_attempts(self, number: int, batch: Batch) -> None:
        """Ray gives a batch to another worker as often as one ends: here is where that has an end."""
        attempts = optional("ray", extra="ray").get(self._buffer.begin.remote(number))
        if attempts > _ATTEMPTS:
            raise IndexingError(
                f"{_ATTEMPTS} workers ended at the items {batch.first} to {batch.last} of the catalogue",
                fix="look for memory that ran out and at the workers' Ray logs, then go on with --resume",
            )

    @cached_property
    def _worker(self) -> BatchWorker:
        """Made with the first batch, and not in the constructor, whose errors Ray prints and repeats."""
        ray = optional("ray", extra="ray")
        task: TaskSpec = ray.get(self._buffer.task.remote())
        encoder = stored_as(task.encoder.open(task.cpus), task.vectors)
        return BatchWorker(connect(task.settings), encoder, task)


def _fetch(ray: Any, buffer: Any, number: int) -> Fetch:
    fetched: Fetch = ray.get(buffer.take.remote(number, _PATIENCE_S))
    return fetched
