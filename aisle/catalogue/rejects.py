"""Rows that could not be used: counted by reason. Who wants to keep them overrides `Rejects.add`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from aisle._printable import shortened


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row to show for a reason.

    Attributes:
        line: 1-based line or row number; 0 for what has none.
        row: what it holds, printable and shortened.
    """

    line: int
    row: str

    def __str__(self) -> str:
        return f"line {self.line:,}: {self.row}" if self.line else self.row


_MOST_IN_CELL: Final = 40
_MOST_IN_ROW: Final = 160
# Most reasons are fixed phrases. OpenSearch's own are not, and a stream of changes has no end.
_MOST_REASONS: Final = 100
OTHER: Final = "another reason"


def shown_row(row: bytes | Mapping[str, Any] | list[Any]) -> str:
    """A row for people: the beginnings of its cells, on one line."""
    if isinstance(row, bytes):
        return shortened(row[: 8 * _MOST_IN_ROW].decode(errors="replace"), _MOST_IN_ROW)
    pairs = row.items() if isinstance(row, Mapping) else enumerate(row)
    cells: list[str] = []
    for name, value in pairs:
        cell = shortened("" if value is None else str(value), _MOST_IN_CELL)
        cells.append(f"{shortened(str(name), _MOST_IN_CELL)}={cell}" if isinstance(row, Mapping) else cell)
        if sum(map(len, cells)) > _MOST_IN_ROW:
            break
    return shortened(", ".join(cells), _MOST_IN_ROW)


class Rejects:
    """Counts rejected rows.

    Attributes:
        path: where somebody can look at them, for messages; None if they are only counted.
        count: rows rejected so far.
        reasons: reason to number of rows.
        examples: reason to the first row that was rejected for it.
        first: the first rejected line and its reason, for messages.
    """

    def __init__(self) -> None:
        self.path: Path | None = None
        self.count = 0
        self.reasons: Counter[str] = Counter()
        self.examples: dict[str, RejectedRow] = {}
        self.first: tuple[int, str] | None = None

    def add(
        self,
        line: int,
        reason: str,
        row: bytes | Mapping[str, Any] | list[Any],
        identity: str = "",  # noqa: ARG002 - for those who keep it
    ) -> None:
        """Reject one row.

        Args:
            line: 1-based line number (row number in Parquet and on the hub).
            reason: a fixed phrase, so that reasons can be counted.
            row: the line's bytes, its cells by name, or its cells where their names do not fit.
            identity: the item's id, where it can be told.
        """
        self.count += 1
        given = reason
        if reason not in self.examples:
            if len(self.examples) >= _MOST_REASONS:
                reason = OTHER
            self.examples.setdefault(reason, RejectedRow(line, shown_row(row)))
        self.reasons[reason] += 1
        self.first = self.first or (line, given)


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


class Unreadable(ValueError):
    """A cell that holds something, but not what its field takes: costs the item that field, not the row.

    Its text is a fixed phrase that continues the field's name: "cannot be read", "is negative".
    """

    def __init__(self, reason: str = "cannot be read") -> None:
        super().__init__(reason)
