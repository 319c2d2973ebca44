"""Opens a catalogue as a table of rows, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from aisle._files import GZIP_ERRORS, UTF8_BOM, breaks_off, open_bytes
from aisle.catalogue.formats.base import OpenTable, Table
from aisle.catalogue.formats.bulk import Bulk
from aisle.catalogue.formats.delimited import Delimited
from aisle.catalogue.formats.hub import PREFIX, DataSet, split_address
from aisle.catalogue.formats.json_document import JsonDocument
from aisle.catalogue.formats.json_lines import JsonLines
from aisle.catalogue.formats.parquet import Parquet
from aisle.catalogue.formats.xlsx import Xlsx
from aisle.catalogue.formats.xml_feed import XmlFeed
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import Rejects, Row
from aisle.catalogue.sources import Source, open_source
from aisle.errors import InputError

TABLES: Final[tuple[Table, ...]] = (
    Delimited(),
    JsonLines(),
    JsonDocument(),
    Bulk(),
    XmlFeed(),
    Xlsx(),
    Parquet(),
)

# Rows are long, and the first line of a text tells JSON lines from a document.
_HEAD_BYTES: Final = 256 * 1024


class NamedTable(OpenTable, Protocol):
    """A table that knows where it came from."""

    @property
    def name(self) -> str:
        """Of its source, for people."""


def open_table(address: str | Path, options: ReadOptions) -> NamedTable:
    """Open whatever `open_source` brings, or a whole data set of the hub.

    Raises:
        InputError: it cannot be brought here or opened, or its format is unknown.
        MissingExtra: Parquet, XLSX or the hub without their extras.
    """
    if isinstance(address, str) and address.startswith(PREFIX):
        name, file = split_address(address)
        if not file:
            return DataSet(name, options)
    source = open_source(address, options)
    with source.named():
        table = table_of(source.path, options.format)
        return SourceTable(table.open(source.path, options), source)


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table in a file that is there as long as the table is."""

    table: OpenTable
    source: Source

    @property
    def name(self) -> str:
        """See `NamedTable`."""
        return self.source.name

    @property
    def format(self) -> str:
        """See `OpenTable`."""
        return self.table.format

    @property
    def details(self) -> str:
        """See `OpenTable`."""
        return self.table.details

    def rows(self, rejects: Rejects) -> Iterator[Row]:
        """See `OpenTable`."""
        with self.source.named():
            yield from self.table.rows(rejects)


def table_of(path: Path, name: str) -> Table:
    """The table called ``name``, else the one that the file looks like.

    Raises:
        InputError: unreadable file, or no known kind.
    """
    head = _head(path)
    for table in TABLES:
        if table.name == name:
            return table
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    # Most formats are plain to see. A damaged first line must not make a .jsonl a CSV, so then the name
    # decides; a comma in the first line is the weakest sign.
    for table in TABLES:
        if table.certain and table.matches(head):
            return table
    for table in TABLES:
        if suffix in table.suffixes and not table.binary:
            return table
    for table in TABLES:
        if table.matches(head):
            return table
    raise InputError(
        f"cannot tell the format of {path}",
        fix="give CSV, JSON, XML, XLSX or Parquet (plain, gzip or zip), or name it: --format",
    )


def _head(path: Path) -> bytes:
    head = b""
    with open_bytes(path) as file:
        try:
            while len(head) < _HEAD_BYTES and (piece := file.read(_HEAD_BYTES // 64)):
                head += piece
        except GZIP_ERRORS as error:
            # Of what breaks off later, the rows before count, so it is told when they were read.
            if not head:
                raise breaks_off(path, "at the start", error) from None
    return head.removeprefix(UTF8_BOM)
