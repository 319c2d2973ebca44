"""Rows that could not be used: counted by reason. Who wants to keep them overrides `Rejects.add`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class Rejects:
    """Counts rejected rows.

    Attributes:
        path: where somebody can look at them, for messages; None if they are only counted.
        count: rows rejected so far.
        reasons: reason to number of rows.
        first: the first rejected line and its reason, for messages.
    """

    def __init__(self) -> None:
        self.path: Path | None = None
        self.count = 0
        self.reasons: Counter[str] = Counter()
        self.first: tuple[int, str] | None = None

    def add(
        self,
        line: int,
        reason: str,
        row: bytes | Mapping[str, Any] | list[Any],  # noqa: ARG002 - for those who keep it
        identity: str = "",  # noqa: ARG002
    ) -> None:
        """Reject one row.

        Args:
            line: 1-based line number (row number in Parquet and on the hub).
            reason: a fixed phrase, so that reasons can be counted.
            row: the line's bytes, its cells by name, or its cells where their names do not fit.
            identity: the item's id, where it can be told.
        """
        self.count += 1
        self.reasons[reason] += 1
        self.first = self.first or (line, reason)


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
