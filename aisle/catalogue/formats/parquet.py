"""Parquet, a batch of rows at a time (extra ``parquet``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisle._environment import optional
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import Rejects, Row
from aisle.errors import InputError

_BATCH_ROWS = 1_024


class Parquet:
    """A file that begins with Parquet's mark."""

    name = "parquet"
    suffixes: tuple[str, ...] = (".parquet", ".pq")
    certain = True
    binary = True

    def matches(self, head: bytes) -> bool:
        """Whether the content looks like it."""
        return head.startswith(b"PAR1")

    def open(self, path: Path, options: ReadOptions) -> ParquetFile:  # noqa: ARG002
        """See `Table`."""
        return ParquetFile(path)


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A Parquet file."""

    path: Path
    format: str = Parquet.name
    details: str = ""

    def rows(self, rejects: Rejects) -> Iterator[Row]:
        """Yield the rows, numbered from 1."""
        arrow = optional("pyarrow", extra="parquet")
        parquet = optional("pyarrow.parquet", extra="parquet")
        number = 0
        try:
            with parquet.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                    yield from _rows(batch, number, rejects)
                    number += batch.num_rows
        except (arrow.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(
                f"{self.path} is not a whole Parquet file ({reason[:120]}); {number} rows were read",
                fix="copy or download it again",
            ) from None


def _rows(batch: Any, before: int, rejects: Rejects) -> Iterator[Row]:
    try:
        rows = batch.to_pylist()
    except UnicodeDecodeError:
        rows = None
    for i in range(batch.num_rows):
        try:
            yield Row(before + i + 1, rows[i] if rows else batch.slice(i, 1).to_pylist()[0])
        except UnicodeDecodeError:
            rejects.add(before + i + 1, "not UTF-8", _undecoded(batch.slice(i, 1)))


def _undecoded(row: Any) -> dict[str, Any]:
    """The cells of one row, broken text with a mark where it is broken; nested broken cells are left out."""
    arrow = optional("pyarrow", extra="parquet")
    cells: dict[str, Any] = {}
    for name in row.schema.names:
        column = row.column(name)
        text = arrow.types.is_string(column.type) or arrow.types.is_large_string(column.type)
        try:
            (cell,) = column.cast(arrow.large_binary()).to_pylist() if text else column.to_pylist()
        except UnicodeDecodeError:
            continue
        cells[name] = cell.decode(errors="replace") if isinstance(cell, bytes) and text else cell
    return cells
