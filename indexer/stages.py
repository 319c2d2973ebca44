"""The stages of the pipeline, and the belts between them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from indexer.belt import Belt
from indexer.bulk_bodies import Body, Line, Refusal, pack, serialise
from indexer.document import document
from indexer.tally import Tally
from indexer.writer import Written
from records import Item

# Vector field to its float32 [items, dims] matrix, rows in the order of the items.
Vectors: TypeAlias = Mapping[str, NDArray[np.float32]]
Encode: TypeAlias = Callable[[Sequence[Item]], Vectors]
Write: TypeAlias = Callable[[Body, threading.Event], Written]
Refuse: TypeAlias = Callable[[Refusal], None]


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """Attributes:
    batch_items: items encoded at once; more of them sort into fuller batches of equal length.
    max_body_bytes, max_body_docs: limits of one bulk request.
    writers: concurrent bulk requests.
    """

    batch_items: int = 4096
    max_body_bytes: int = 6_000_000
    max_body_docs: int = 500
    writers: int = 2


class Stages:
    """One method per stage; each runs in a thread of its own, ``write`` in several."""

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
