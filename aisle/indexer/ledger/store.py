"""What a run has done so far, on disk: which positions are settled, and which documents were refused.

A body is settled when each of its documents was acknowledged or refused for good; that is one transaction.
Whatever is not in the ledger is encoded and written again, under the same ids, which does no harm.
"""

from __future__ import annotations

import sqlite3
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from aisle.errors import DiskFull, IndexingError, InputError
from aisle.indexer.dead_letters import DeadLetter

# First and last position, both included.
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Positions:
    """A set of positions; item n of a catalogue, in the order of its reader, has position n (from 0).

    Attributes:
        ranges: in order; between two of them at least one position is missing.
    """

    ranges: tuple[Range, ...] = ()

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)

    def __contains__(self, position: int) -> bool:
        at = bisect_right(self.ranges, position, key=lambda span: span[0])
        return at > 0 and position <= self.ranges[at - 1][1]

    def plus(self, added: Iterable[Range]) -> Positions:
        """These and those; ranges may overlap and come in any order."""
        merged: list[Range] = []
        for first, last in sorted((*self.ranges, *added)):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        return Positions(tuple(merged))


def ranges_of(positions: Iterable[int]) -> Iterator[Range]:
    """Positions in rising order as ranges."""
    first = last = -1
    for position in positions:
        if position != last + 1 or last < 0:
            if last >= 0:
                yield first, last
            first = position
        last = position
    if last >= 0:
        yield first, last


@dataclass(frozen=True, slots=True)
class EarlierProgress:
    """What an earlier run has settled.

    Attributes:
        settled: positions that need not be encoded again.
        refused: how many of them are dead letters.
    """

    settled: Positions = Positions()
    refused: int = 0

    @property
    def accepted(self) -> int:
        """Documents that OpenSearch has acknowledged."""
        return len(self.settled) - self.refused


NOTHING: Final = EarlierProgress()


_VERSION: Final = 1
_TABLES: Final = (
    "CREATE TABLE run (release TEXT NOT NULL, state TEXT NOT NULL)",
    "CREATE TABLE part (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE settled (first INTEGER PRIMARY KEY, last INTEGER NOT NULL)",
    "CREATE TABLE refused (position INTEGER PRIMARY KEY, id TEXT, reason TEXT, attempts INTEGER, row BLOB)",
    f"PRAGMA user_version = {_VERSION}",
)
_FULL: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_WAIT_S: Final = 30.0


class LedgerFile:
    """One connection that all threads share, one after another.

    Args:
        path: of the file, made if need be; None for a ledger that nobody will read again.

    Raises:
        InputError: the file is no ledger of this version, or cannot be opened.
        DiskFull: there is no room for it.
    """

    def __init__(self, path: Path | None) -> None:
        self._name = str(path) if path else "the ledger"
        self._lock = threading.Lock()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._translated():
            self._connection = sqlite3.connect(
                path or ":memory:", timeout=_WAIT_S, isolation_level=None, check_same_thread=False
            )
            # A process that is killed loses nothing. After a power cut the last bodies may be missing: they
            # are sent again.
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
        with self.transaction() as cursor:
            self._make_tables(cursor)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Cursor]:
        """All that the block does, or nothing."""
        with self._lock, self._translated(), closing(self._connection.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    def close(self) -> None:
        """Safe to call twice."""
        with self._lock:
            self._connection.close()

    def _make_tables(self, cursor: sqlite3.Cursor) -> None:
        (version,) = cursor.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            raise InputError(f"{self._name} was written by another version of Aisle", fix="delete that file")
        if version == 0:
            for statement in _TABLES:
                cursor.execute(statement)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in _FULL:
                raise DiskFull(
                    f"{self._name} cannot be written ({error})", fix="free disk space on this machine"
                ) from error
            if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                raise InputError(f"{self._name} is damaged ({error})", fix="delete that file") from error
            raise IndexingError(
                f"{self._name} cannot be used ({error})", fix="check that its folder can be written"
            ) from error


class RunPhase(Enum):
    """How far a run has come."""

    LOADING = "loading"
    LOADED = "loaded"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class IndexRun:
    """A run as the ledger remembers it.

    Attributes:
        release: the index that it loads.
        parts: all that decides what is at which position and what is written for it, by name.
        state: how far it has come.
    """

    release: str
    parts: Mapping[str, str]
    state: RunPhase


class Ledger:
    """Safe to use from several threads; of one process at a time, which holds the lease of the name.

    Args:
        path: its file; None for a run that cannot be resumed.

    Raises:
        InputError, DiskFull, IndexingError: see `LedgerFile`; every method may raise the last two.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.lasting = path is not None
        self._file = LedgerFile(path)
        self._settled = Positions()

    def run(self) -> IndexRun | None:
        """The last run that was begun and not forgotten."""
        with self._file.transaction() as cursor:
            found = cursor.execute("SELECT release, state FROM run").fetchone()
            parts = dict(cursor.execute("SELECT name, value FROM part").fetchall())
        return IndexRun(found[0], parts, RunPhase(found[1])) if found else None

    def begin(self, release: str, parts: Mapping[str, str]) -> None:
        """A new run; whatever the ledger held is gone."""
        with self._file.transaction() as cursor:
            _clear(cursor, "run", "part", "settled", "refused")
            cursor.execute("INSERT INTO run VALUES (?, ?)", (release, RunPhase.LOADING.value))
            cursor.executemany("INSERT INTO part VALUES (?, ?)", parts.items())
            self._settled = Positions()

    def before(self) -> EarlierProgress:
        """What is settled, to go on with."""
        with self._file.transaction() as cursor:
            ranges = cursor.execute("SELECT first, last FROM settled ORDER BY first").fetchall()
            (refused,) = cursor.execute("SELECT count(*) FROM refused").fetchone()
            self._settled = Positions(tuple((first, last) for first, last in ranges))
            return EarlierProgress(self._settled, refused)

    def settle(self, positions: Sequence[int], refused: Sequence[DeadLetter]) -> None:
        """One body.

        Args:
            positions: of its documents, in rising order, the refused ones among them.
            refused: their letters.
        """
        with self._file.transaction() as cursor:
            after = self._settled.plus(ranges_of(positions))
            old, new = set(self._settled.ranges), set(after.ranges)
            cursor.executemany("DELETE FROM settled WHERE first = ? AND last = ?", old - new)
            cursor.executemany("INSERT INTO settled VALUES (?, ?)", new - old)
            rows = ((one.position, one.id, one.reason, one.attempts, one.row) for one in refused)
            cursor.executemany("INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?, ?)", rows)
            # Nothing can fail between this and the commit but the commit; then the run ends.
            self._settled = after

    def refused(self) -> Iterator[DeadLetter]:
        """The letters of all refused documents, in order, a few at a time."""
        after, some = -1, True
        while some:
            with self._file.transaction() as cursor:
                statement = "SELECT * FROM refused WHERE position > ? ORDER BY position LIMIT 100"
                rows = cursor.execute(statement, (after,)).fetchall()
            for position, identity, reason, attempts, row in rows:
                after = position
                yield DeadLetter(None, position, identity, reason, attempts, row)
            some = bool(rows)

    def mark(self, state: RunPhase) -> None:
        """The run has come so far."""
        with self._file.transaction() as cursor:
            cursor.execute("UPDATE run SET state = ?", (state.value,))

    def forget(self) -> None:
        """There is nothing to go on with; the letters stay, to be exported."""
        with self._file.transaction() as cursor:
            _clear(cursor, "run", "part", "settled")
            self._settled = Positions()

    def close(self) -> None:
        """Safe to call twice."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _clear(cursor: sqlite3.Cursor, *tables: str) -> None:
    for table in tables:
        cursor.execute(f"DELETE FROM {table}")
