"""Rows that could not be used: counted by reason, and written to a file that exists only if there are any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson

from records.files import whole_file

EXCERPT_CHARS = 200


class Rejects:
    """Collects rejected rows. Use as a context manager, or call ``close``.

    The file is JSON lines, ``{"line", "reason", "row"}`` with the row cut to 200 characters. It takes its
    name at the end, also when reading failed; without rejects nothing is written and nothing is replaced.

    Attributes:
        path: where the file will stand, or None to count only.
        count: rows rejected so far.
        reasons: reason to number of rows.
        first: the first rejected line and its reason, for messages.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = Path(path) if path is not None else None
        self.count = 0
        self.reasons: Counter[str] = Counter()
        self.first: tuple[int, str] | None = None
        self._file: IO[bytes] | None = None
        self._open = ExitStack()

    def add(self, line: int, reason: str, row: bytes | Mapping[str, Any]) -> None:
        """Reject one row.

        Args:
            line: 1-based line number (row number in Parquet and on the hub).
            reason: a fixed phrase, so that reasons can be counted.
            row: the line's bytes, or its cells.

        Raises:
            InputError: the rejects file cannot be written.
        """
        self.count += 1
        self.reasons[reason] += 1
        self.first = self.first or (line, reason)
        if self.path is None:
            return
        if self._file is None:
            self._file = self._open.enter_context(whole_file(self.path))
        self._file.write(orjson.dumps({"line": line, "reason": reason, "row": _excerpt(row)}) + b"\n")

    def close(self) -> None:
        """Give the file its name. Safe to call twice."""
        self._file = None
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _excerpt(row: bytes | Mapping[str, Any]) -> str:
    if isinstance(row, bytes):
        return row[: 4 * EXCERPT_CHARS].decode(errors="replace")[:EXCERPT_CHARS]
    cells = {str(name): _cut(value) for name, value in list(row.items())[:50]}
    return orjson.dumps(cells).decode()[:EXCERPT_CHARS]


def _cut(value: object) -> str:
    # A cell of a CSV that is not UTF-8 holds surrogates, which JSON cannot carry.
    return str(value)[:EXCERPT_CHARS].encode(errors="replace").decode()
