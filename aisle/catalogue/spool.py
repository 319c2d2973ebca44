"""Rows that wait for the others of their group, on disk: memory stays flat however large the file is."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aisle.catalogue.exports.base import RowRole
from aisle.catalogue.rejects import Cells, Row
from aisle.errors import InputError

_BATCH: Final = 1_000
_MAX_DEPTH: Final = 8
"""A product model of a product model of ...; circles end here too."""

_SCHEMA: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -16384;
CREATE TABLE places (seq INTEGER PRIMARY KEY, grp BLOB NOT NULL, rank INTEGER NOT NULL,
  position INTEGER NOT NULL);
CREATE TABLE rows (seq INTEGER PRIMARY KEY, line INTEGER NOT NULL, cells BLOB NOT NULL);
CREATE TABLE claims (other BLOB PRIMARY KEY, owner BLOB NOT NULL) WITHOUT ROWID;
"""
_SETTLE: Final = """
UPDATE places SET grp = (SELECT owner FROM claims WHERE other = places.grp)
WHERE grp IN (SELECT other FROM claims)
"""


class Spool:
    """Rows by group, in a private temporary database that goes with the connection.

    Rows come back by group, groups in the order of their first row; those of a group by rank, then as
    they came.
    """

    def __init__(self) -> None:
        # Items may be drawn by another thread than the one that opened the file, never by two at once.
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.executescript(_SCHEMA)
        self._waiting: list[tuple[bytes, int, int, int, bytes]] = []
        self._count = 0

    def add(self, group: str, rank: tuple[int, int], row: Row, cells: Cells, role: RowRole) -> None:
        """Keep a row, and what its kind of export said of it; those of a group come back by rank.

        Raises:
            InputError: the disk for temporary files is full.
        """
        self._waiting.append(
            (_key(group), *rank, row.line, pickle.dumps((row.cells, cells, role), pickle.HIGHEST_PROTOCOL))
        )
        if len(self._waiting) >= _BATCH:
            self._write()

    def claim(self, group: str, other: str) -> None:
        """Rows under ``other`` belong to ``group``, unless another group said so before."""
        if group != other:
            with _translated():
                self._database.execute(
                    "INSERT OR IGNORE INTO claims VALUES (?, ?)", (_key(other), _key(group))
                )

    def groups(self) -> Iterator[str]:
        """Every group, once all rows are there."""
        self._write()
        with _translated():
            for _ in range(_MAX_DEPTH):
                if not self._database.execute(_SETTLE).rowcount:
                    break
            self._database.execute("CREATE INDEX by_group ON places (grp, rank, position, seq)")
            for (group,) in self._database.execute("SELECT grp FROM places GROUP BY grp ORDER BY MIN(seq)"):
                yield group.decode("utf-8", "surrogatepass")

    def rows(self, group: str) -> Iterator[tuple[Row, Cells, RowRole]]:
        """The rows of a group, after `groups` began."""
        with _translated():
            found = self._database.execute(
                "SELECT line, cells FROM places JOIN rows USING (seq) WHERE grp = ?"
                " ORDER BY rank, position, seq",
                (_key(group),),
            )
            for line, held in found:
                # Written by this very object, into a database that no other process can open.
                cells, read, role = pickle.loads(held)
                yield Row(line, cells), read, role

    def close(self) -> None:
        """Free the disk."""
        self._database.close()

    def _write(self) -> None:
        numbered = [(self._count + i, *row) for i, row in enumerate(self._waiting, 1)]
        self._count += len(numbered)
        self._waiting.clear()
        with _translated():
            self._database.execute("BEGIN")
            self._database.executemany(
                "INSERT INTO places VALUES (?, ?, ?, ?)", (row[:4] for row in numbered)
            )
            self._database.executemany(
                "INSERT INTO rows VALUES (?, ?, ?)", ((row[0], *row[4:]) for row in numbered)
            )
            self._database.execute("COMMIT")


def _key(group: str) -> bytes:
    return group.encode("utf-8", "surrogatepass")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise InputError(
            f"the rows of a product's variants cannot be kept in a temporary file ({error})",
            fix="free disk space, or name a folder that has some: SQLITE_TMPDIR",
        ) from None
