"""Replay: dead letters, perhaps corrected by hand, go to the live release; what fails stays a dead letter."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self

from opensearchpy import OpenSearch

from aisle.catalogue import ReadOptions
from aisle.catalogue.reader import ReadRow, item_reader, row_reader
from aisle.catalogue.rejects import RejectedRow
from aisle.catalogue.seen import DUPLICATE, SeenIds
from aisle.cluster import Cluster
from aisle.cluster.failures import RetryPolicy
from aisle.indexer.bulk import Body, BulkWriter, Line, Refusal, pack, serialise
from aisle.indexer.dead_letters import DeadLetter, DeadLetters, cells_of, printable, read_letters
from aisle.indexer.lease.lease import Lease, hold
from aisle.indexer.pipeline import PipelineOptions
from aisle.indexer.updates.apply import LiveReleases, check_spaces, read_stored
from aisle.indexer.vectors import ItemEncoder, ReleaseEncoders, written_to
from aisle.mappings.document import document
from aisle.types import Item

_NO_OBJECT = "the row is not a JSON object"


# Columns are found by so many rows.
_LOOK_AHEAD: Final = 1_000


@dataclass(frozen=True, slots=True)
class LetterReader:
    """Reads items back out of dead letters, each id once.

    Attributes:
        rows: reads what came from a catalogue; None if no such row is an object.
        items: reads what was an item already.
        seen: ids so far.
    """

    rows: ReadRow | None
    items: ReadRow = field(default_factory=item_reader)
    seen: SeenIds = field(default_factory=SeenIds)

    @classmethod
    def of(cls, path: Path, options: ReadOptions) -> Self:
        """A reader for this file, which is read once for its columns.

        Raises:
            InputError: it is no dead letters file, or no column of its rows can be the id or the title.
        """
        rows: list[dict[str, Any]] = []
        known: list[str] = []
        columns: dict[str, None] = {}
        for letter in read_letters(path):
            if letter.position is None and (cells := cells_of(letter)):
                columns |= dict.fromkeys(cells)
                if len(rows) < _LOOK_AHEAD:
                    rows.append(cells)
                    known.append(letter.id)
        if not rows:
            return cls(None)
        # Columns that only later rows have.
        return cls(row_reader(path.name, [*rows, dict.fromkeys(columns)], options, [*known, ""]))

    def item(self, letter: DeadLetter) -> Item | str:
        """The item, or why there is none."""
        cells = cells_of(letter)
        read = self.rows if letter.position is None else self.items
        if cells is None or read is None:
            return _NO_OBJECT
        item = read(cells)
        if not isinstance(item, Item):
            return item
        # The row that was there first has this id; nothing tells that this one shall replace it.
        unchanged = letter.reason == DUPLICATE and item.id == letter.id
        return DUPLICATE if unchanged or not self.seen.add(item.id) else item


# Of a deleted one OpenSearch remembers the version for an hour, and shows it to nobody.
_NEWER: Final = "a newer version of it was written or deleted"


@dataclass(frozen=True, slots=True)
class Sender:
    """Writes items into the live release, under versions that the lease reserves.

    Attributes:
        cluster: connection.
        target: alias of the release.
        encoder: the release's.
        lease: of the name.
        retry: of each request.
    """

    cluster: Cluster
    target: str
    encoder: ItemEncoder
    lease: Lease
    retry: RetryPolicy

    def refused(self, items: Sequence[Item]) -> Iterator[Refusal]:
        """Write them; yield those that could not be, each once.

        Args:
            items: with different ids.

        Raises:
            As ``BulkWriter.write`` and ``Lease.reserve``.
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
        done = BulkWriter(self.cluster, self.target, self.retry).write(body, threading.Event())
        yield from done.refused
        if done.superseded:
            left = {line.id for line in body.lines} - {refusal.id for refusal in done.refused}
            there = self._versions(sorted(left))
            yield from (Refusal(id_, _NEWER) for id_ in sorted(left) if there.get(id_, 0) != ours[id_])

    def _versions(self, ids: Sequence[str]) -> dict[str, int]:
        stored = read_stored(self.cluster, self.target, self.retry, ids)
        return {id_: one.version for id_, one in stored.items()}


_BATCH = 512


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What became of a replay of dead letters.

    Attributes:
        name, release: the alias and the live release that was written to.
        documents: dead letters that are in it now.
        dead: those that failed again.
        dead_letters: reason to number of them.
        examples: reason to one of them.
        dead_letters_file: where they are; None if there are none.
    """

    name: str
    release: str
    documents: int
    dead: int
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, RejectedRow] = field(default_factory=dict)
    dead_letters_file: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, for ``--json``."""
        return {
            "name": self.name,
            "release": self.release,
            "documents": self.documents,
            "dead": self.dead,
        }


def replay(
    client: OpenSearch,
    path: Path,
    name: str,
    reading: ReadOptions,
    encoders: ReleaseEncoders,
    letters: DeadLetters,
    retry: RetryPolicy,
) -> ReplayReport:
    """Send the rows of a dead letters file to the live release.

    Safe to repeat: a row that was sent before overwrites itself. It stays in that release alone, so the
    catalogue should be corrected as well before it is indexed the next time.

    Args:
        client: connection.
        path: the file. It may be the one that ``letters`` will write.
        name: of the catalogue.
        reading: format and columns, as when the catalogue was read.
        encoders: of the releases.
        letters: takes what fails again, with one attempt more; written at the end.
        retry: of each request.

    Raises:
        InputError: a line that is no dead letter; nothing was sent then. Or somebody else is changing the
            catalogue.
        IndexNotFound, ArtifactMismatch: nothing is live, or it needs another encoder.
        ClusterUnavailable, DiskFull: on the way; the file is as it was, so replay it again.
    """
    cluster = Cluster.of(client)
    reader = LetterReader.of(path, reading)
    with hold(cluster, name, "aisle index --replay", policy=retry) as lease:
        live = LiveReleases(cluster.retrying(retry), name).now()
        encoder = written_to(encoders.of_release(live.meta), live.meta)
        check_spaces(live.meta, encoder)
        sender = Sender(cluster, live.target, encoder, lease, retry)
        sent = total = 0
        source = read_letters(path)
        while batch := list(islice(source, _BATCH)):
            failed = list(_failed(batch, reader, sender))
            total += len(batch)
            sent += len(batch) - len(failed)
            for letter in failed:
                letters.keep(letter)
    _replace(path, letters)
    file = letters.path if letters.count else None
    return ReplayReport(
        name, live.release, sent, total - sent, dict(letters.reasons), dict(letters.examples), file
    )


def _failed(batch: Sequence[DeadLetter], reader: LetterReader, sender: Sender) -> Iterator[DeadLetter]:
    good: dict[str, tuple[DeadLetter, Item]] = {}
    for letter in batch:
        item = reader.item(letter)
        if isinstance(item, Item):
            good[item.id] = letter, item
        else:
            yield _again(letter, item)
    if good:
        for refusal in sender.refused([item for _, item in good.values()]):
            yield _again(good[refusal.id][0], refusal.reason)


def _again(letter: DeadLetter, reason: str) -> DeadLetter:
    return replace(letter, reason=printable(reason), attempts=letter.attempts + 1)


def _replace(path: Path, letters: DeadLetters) -> None:
    """The file that was replayed makes room for what is left of it, if both have one name."""
    if not letters.export() and letters.path is not None and letters.path.resolve() == path.resolve():
        path.unlink(missing_ok=True)
