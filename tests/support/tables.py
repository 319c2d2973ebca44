"""What a file format makes of a file, without the columns and items that come after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import Cells, Rejects
from aisle.catalogue.tables import open_table


class Kept(Rejects):
    """Rejects that are there to be looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[int, str, object]] = []

    def add(
        self, line: int, reason: str, row: bytes | Mapping[str, Any] | list[Any], identity: str = ""
    ) -> None:
        """See `Rejects`."""
        super().add(line, reason, row, identity)
        self.rows.append((line, reason, row))


@dataclass(frozen=True)
class Found:
    """What was read: the format and its details, cells by line, and what was rejected."""

    format: str
    details: str
    rows: list[tuple[int, Cells]]
    rejected: list[tuple[int, str, object]]

    @property
    def cells(self) -> list[Cells]:
        """Of the rows."""
        return [cells for _, cells in self.rows]

    @property
    def reasons(self) -> list[tuple[int, str]]:
        """Of the rejects, with their lines."""
        return [(line, reason) for line, reason, _ in self.rejected]


def read_table(path: Path, content: bytes | str | None = None, options: ReadOptions | None = None) -> Found:
    """Read a file to its end; write it first if its content is given."""
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    rejects = Kept()
    table = open_table(path, options or ReadOptions())
    rows = [(row.line, row.cells) for row in table.rows(rejects)]
    return Found(table.format, table.details, rows, rejects.rows)
