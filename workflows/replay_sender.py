"""Items into a live release, one by one accounted for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from opensearchpy import OpenSearch

from indexer import ItemEncoder, RetryPolicy
from indexer.bulk_bodies import Body, Line, Refusal, pack, serialise
from indexer.document import document
from indexer.lease import Lease
from indexer.stages import PipelineOptions
from indexer.updates.read_stored import read_stored
from indexer.writer import write_body
from records import Item

# Of a deleted one OpenSearch remembers the version for an hour, and shows it to nobody.
_NEWER: Final = "a newer version of it was written or deleted"


@dataclass(frozen=True, slots=True)
class Sender:
    """Attributes:
    client: connection.
    target: alias of the release.
    encoder: the release's.
    lease: of the name.
    retry: of each request.
    """

    client: OpenSearch
    target: str
    encoder: ItemEncoder
    lease: Lease
    retry: RetryPolicy

    def refused(self, items: Sequence[Item]) -> Iterator[Refusal]:
        """Write them; yield those that could not be, each once.

        Args:
            items: with different ids.

        Raises:
            As ``write_body`` and ``Lease.reserve``.
        """
        vectors = self.encoder.encode(items)
        ids = [item.id for item in items]
        # Above what is stored, also where the state index was lost and began anew.
        first = self.lease.reserve(len(items), above=max(self._versions(ids).values(), default=0))
        ours = {id_: first + row for row, id_ in enumerate(ids)}
        lines = [
            serialise(item.id, document(item, {f: m[row] for f, m in vectors.items()}), ours[item.id])
            for row, item in enumerate(items)
        ]
        yield from (line for line in lines if isinstance(line, Refusal))
        limits = PipelineOptions()
        good = (line for line in lines if isinstance(line, Line))
        for body in pack(good, max_bytes=limits.max_body_bytes, max_docs=limits.max_body_docs):
            yield from self._write(body, ours)

    def _write(self, body: Body, ours: Mapping[str, int]) -> Iterator[Refusal]:
        done = write_body(self.client, self.target, self.retry, body, threading.Event())
        yield from done.refused
        if done.superseded:
            left = {line.id for line in body.lines} - {refusal.id for refusal in done.refused}
            there = self._versions(sorted(left))
            yield from (Refusal(id_, _NEWER) for id_ in sorted(left) if there.get(id_, 0) != ours[id_])

    def _versions(self, ids: Sequence[str]) -> dict[str, int]:
        stored = read_stored(self.client, self.target, self.retry, ids)
        return {id_: one.version for id_, one in stored.items()}
