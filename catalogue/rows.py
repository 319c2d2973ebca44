"""What tables yield and schemas read: rows of cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from catalogue.rejects import Rejects

Cells = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its 1-based line (row number where there are no lines) and its cells by column name."""

    line: int
    cells: Cells


class Rows(Protocol):
    """Something that can be read row by row. Bad rows go to ``rejects``; a bad file raises InputError."""

    def __call__(self, rejects: Rejects) -> Iterator[Row]: ...


class BadRow(ValueError):
    """A row that is rejected; never leaves this package. Its text is the reason, a fixed phrase."""
