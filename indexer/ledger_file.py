"""The SQLite file of a ledger: its tables, transactions from any thread, and its errors in our words."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from records import DiskFull, IndexingError, InputError

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
