"""The stages of the pipeline, and the belts between them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from indexer.belt import Belt
from indexer.bulk_bodies import Body, Line, Refusal, pack, serialise
from indexer.dead_letter import DeadLetter, refused_item
from indexer.document import Column, Value, document
from indexer.positions import Before
from indexer.tally import Tally
from indexer.writer import Written
from records import Item

# Vector field to what `document` takes of each item.
Vectors: TypeAlias = Mapping[str, Column]
Encode: TypeAlias = Callable[[Sequence[Item]], Vectors]
Write: TypeAlias = Callable[[Body, threading.Event], Written]
Refuse: TypeAlias = Callable[[Refusal], None]
# Takes the positions of a body that is through, in rising order, and the letters of those that were refused.
Settle: TypeAlias = Callable[[Sequence[int], Sequence[DeadLetter]], None]


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """Attributes:
    batch_items: items encoded at once; more of them sort into fuller batches of equal length.
    max_body_bytes, max_body_docs: limits of one bulk request.
    writers: the most bulk requests at once; the pace finds out how many of them pay.
    """

    batch_items: int = 4096
    max_body_bytes: int = 6_000_000
    max_body_docs: int = 500
    writers: int = 4


# An item and its position.
Placed: TypeAlias = tuple[int, Item]


class Stages:
    """One method per stage; each runs in a thread of its own, ``write`` in several.

    Args:
        options: limits.
        refuse: takes each refusal, one at a time.
        before: what is left out.
        settle: called once a body is through, from the writers' threads.
    """

    def __init__(self, options: PipelineOptions, refuse: Refuse, before: Before, settle: Settle) -> None:
        self.stop = threading.Event()
        self.tally = Tally(before)
        self._options = options
        self._refuse = refuse
        self._settled = before.settled
        self._settle = settle
        self._refusing = threading.Lock()
        self._batches: Belt[list[Placed]] = Belt(2, self.stop)
        self._encoded: Belt[tuple[list[Placed], Vectors]] = Belt(2, self.stop)
        self._bodies: Belt[tuple[Body, list[Placed]]] = Belt(2, self.stop)

    def read(self, items: Iterable[Item]) -> None:
        """Items that are settled are read, as only reading gives the others their positions, and left out."""
        source = enumerate(items)
        while True:
            with self.tally.working("read"):
                batch = list(islice(source, self._options.batch_items))
            if not batch:
                break
            self.tally.add(read=len(batch))
            left = [placed for placed in batch if placed[0] not in self._settled]
            if left:
                self._batches.put(left)
        self._batches.close()

    def encode(self, encode: Encode) -> None:
        for batch in self._batches:
            with self.tally.working("encode"):
                vectors = encode([item for _, item in batch])
            self.tally.add(encoded=len(batch))
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

    def write(self, write: Write) -> None:
        for body, placed in self._bodies:
            with self.tally.working("write"):
                written = write(body, self.stop)
            by_id = {item.id: (position, item) for position, item in placed}
            self._through(placed, [(by_id[refusal.id], refusal) for refusal in written.refused])
            self.tally.add(written=written)

    def _lines(self, waiting: deque[Placed]) -> Iterator[Line]:
        for batch, vectors in self._encoded:
            with self.tally.working("pack"):
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
        self._settle([position for position, _ in placed], letters)
        with self._refusing:
            for _, refusal in refused:
                self.tally.refused(refusal)
                self._refuse(refusal)


def _rows(batch: Sequence[Placed], vectors: Vectors) -> Iterator[tuple[Item, Mapping[str, Value]]]:
    for field, matrix in vectors.items():
        if len(matrix) != len(batch):
            raise ValueError(f"{len(matrix)} {field} vectors for {len(batch)} items")
    for row, (_, item) in enumerate(batch):
        yield item, {field: matrix[row] for field, matrix in vectors.items()}
