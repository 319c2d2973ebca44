"""What a run has done so far, on disk: which positions are settled, and which documents were refused.

A body is settled when each of its documents was acknowledged or refused for good; that is one transaction.
Whatever is not in the ledger is encoded and written again, under the same ids, which does no harm.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

from indexer.dead_letter import DeadLetter
from indexer.ledger_file import LedgerFile
from indexer.positions import Before, Positions, ranges_of


class State(Enum):
    """How far a run has come."""

    LOADING = "loading"
    LOADED = "loaded"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Run:
    """Attributes:
    release: the index that it loads.
    parts: all that decides what is at which position and what is written for it, by name.
    state: how far it has come.
    """

    release: str
    parts: Mapping[str, str]
    state: State


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

    def run(self) -> Run | None:
        """The last run that was begun and not forgotten."""
        with self._file.transaction() as cursor:
            found = cursor.execute("SELECT release, state FROM run").fetchone()
            parts = dict(cursor.execute("SELECT name, value FROM part").fetchall())
        return Run(found[0], parts, State(found[1])) if found else None

    def begin(self, release: str, parts: Mapping[str, str]) -> None:
        """A new run; whatever the ledger held is gone."""
        with self._file.transaction() as cursor:
            _clear(cursor, "run", "part", "settled", "refused")
            cursor.execute("INSERT INTO run VALUES (?, ?)", (release, State.LOADING.value))
            cursor.executemany("INSERT INTO part VALUES (?, ?)", parts.items())
            self._settled = Positions()

    def before(self) -> Before:
        """What is settled, to go on with."""
        with self._file.transaction() as cursor:
            ranges = cursor.execute("SELECT first, last FROM settled ORDER BY first").fetchall()
            (refused,) = cursor.execute("SELECT count(*) FROM refused").fetchone()
            self._settled = Positions(tuple((first, last) for first, last in ranges))
            return Before(self._settled, refused)

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

    def mark(self, state: State) -> None:
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
