"""One worker's encoder and client: a batch of items → what became of them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter

import opensearchpy

from indexer.bulk_bodies import Body, Line, Refusal, pack, serialise
from indexer.document import document
from indexer.item_encoder import ItemEncoder
from indexer.writer import Written, sum_written, write_body
from workflows.on_ray.batches import Batch
from workflows.on_ray.errand import Errand
from workflows.on_ray.reply import Refused, Settled

# Items encoded at once: while one portion is being written, the next one is encoded.
PORTION = 512


@dataclass(frozen=True, slots=True)
class Bench:
    """Attributes:
    client: of this worker alone.
    encoder: on the cores of this worker.
    errand: target, limits and retries.
    """

    client: opensearchpy.OpenSearch
    encoder: ItemEncoder
    errand: Errand

    def work(self, batch: Batch) -> Settled:
        """Encode and write every item of the batch.

        Raises:
            ClusterUnavailable, DiskFull, IndexingFailed, TransportError: see ``indexer.writer.write_body``.
        """
        stop = threading.Event()
        requests: list[Future[tuple[Written, float]]] = []
        refused: list[Refused] = []
        encode_s = 0.0
        writers = ThreadPoolExecutor(self.errand.limits.writers, thread_name_prefix="aisle-write")
        try:
            for start in range(0, len(batch.items), PORTION):
                portion = Batch(batch.first + start, batch.items[start : start + PORTION])
                started = perf_counter()
                lines = self._lines(portion)
                encode_s += perf_counter() - started
                refused += [Refused(at, line.reason) for at, line in lines if isinstance(line, Refusal)]
                requests += [writers.submit(self._write, body, stop) for body in self._bodies(lines)]
            done = [request.result() for request in requests]
        finally:
            # After an error the other requests must not go on waiting for a node.
            stop.set()
            writers.shutdown(cancel_futures=True)
        written = sum_written(*(each for each, _ in done))
        return Settled(
            batch.first,
            batch.last,
            written,
            (*refused, *_placed(batch, written.refused)),
            {"encode": encode_s, "write": sum(seconds for _, seconds in done)},
        )

    def _lines(self, batch: Batch) -> list[tuple[int, Line | Refusal]]:
        vectors = self.encoder.encode(batch.items)
        return [
            (
                batch.first + row,
                serialise(item.id, document(item, {field: each[row] for field, each in vectors.items()})),
            )
            for row, item in enumerate(batch.items)
        ]

    def _bodies(self, lines: Iterable[tuple[int, Line | Refusal]]) -> Iterator[Body]:
        limits = self.errand.limits
        sendable = (line for _, line in lines if isinstance(line, Line))
        return pack(sendable, max_bytes=limits.max_body_bytes, max_docs=limits.max_body_docs)

    def _write(self, body: Body, stop: threading.Event) -> tuple[Written, float]:
        started = perf_counter()
        written = write_body(self.client, self.errand.target, self.errand.policy, body, stop)
        return written, perf_counter() - started


def _placed(batch: Batch, refusals: Iterable[Refusal]) -> Iterator[Refused]:
    positions = {item.id: batch.first + row for row, item in enumerate(batch.items)}
    for refusal in refusals:
        yield Refused(positions[refusal.id], refusal.reason)
