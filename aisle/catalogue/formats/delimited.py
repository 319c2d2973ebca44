"""CSV and its kin, with a header line; comma, semicolon, tab or bar."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aisle._files import raw_lines
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import BadRow, Rejects, Row
from aisle.errors import InputError

_DELIMITERS = ",;\t|"


class Delimited:
    """``.csv``, ``.tsv`` or ``.txt``, or text whose first line has a delimiter."""

    name = "csv"
    suffixes: tuple[str, ...] = (".csv", ".tsv", ".tab", ".txt")
    certain = False
    binary = False

    def matches(self, head: bytes) -> bool:
        """Whether the content looks like it."""
        line = head.splitlines()[0] if head.strip() else b""
        return b"\0" not in head and any(mark.encode() in line for mark in _DELIMITERS)

    def open(self, path: Path, options: ReadOptions) -> DelimitedFile:  # noqa: ARG002
        """See `Table`."""
        return DelimitedFile(path)


@dataclass(frozen=True, slots=True)
class DelimitedFile:
    """A file of delimited values."""

    path: Path
    format: str = Delimited.name
    details: str = ""

    def rows(self, rejects: Rejects) -> Iterator[Row]:
        """Yield every row that has as many cells as the header. A row's line is the one where it begins."""
        # What the reader took since its last row: the only trace of one that it cannot read.
        path = self.path
        taken: list[str] = []
        reader = csv.reader(_recorded(_lines(path), taken), delimiter=_delimiter(path))
        header = _header(path, _first(path, reader))
        while True:
            line = reader.line_num + 1
            taken.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                raw = "".join(taken).encode(errors="surrogateescape")
                rejects.add(line, f"not CSV, or a cell over {csv.field_size_limit():,} characters", raw)
                continue
            if not cells:
                continue
            try:
                _check(header, cells)
            except BadRow as reason:
                rejects.add(line, str(reason), _named(header, cells))
            else:
                yield Row(line, dict(zip(header, cells, strict=True)))


def _first(path: Path, reader: Iterator[list[str]]) -> list[str]:
    try:
        return next(reader, [])
    except csv.Error:
        raise InputError(
            f"the header of {path} is not CSV", fix="check that it is a text file, or name its --format"
        ) from None


def _check(header: list[str], cells: list[str]) -> None:
    if len(cells) != len(header):
        raise BadRow("wrong number of columns")
    if any(not cell.isascii() and _undecodable(cell) for cell in cells):
        raise BadRow("not UTF-8")


def _named(header: list[str], cells: list[str]) -> dict[str, str] | list[str]:
    """Cells under their names; as they are if nobody can tell which name is whose."""
    return dict(zip(header, cells, strict=True)) if len(cells) == len(header) else cells


def _recorded(lines: Iterator[str], taken: list[str]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        yield line


def _undecodable(cell: str) -> bool:
    return any("\udc80" <= mark <= "\udcff" for mark in cell)


def _lines(path: Path) -> Iterator[str]:
    for _, line in raw_lines(path):
        yield line.decode(errors="surrogateescape")


def _delimiter(path: Path) -> str:
    first = next(_lines(path), "")
    return max(_DELIMITERS, key=first.count)


def _header(path: Path, cells: list[str]) -> list[str]:
    # A table written with its row numbers has a first column without a name.
    names = [cell.strip() or f"column {i}" for i, cell in enumerate(cells, 1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{path} has two columns named '{twice[0]}'", fix="rename one of them in the header")
    if any(map(_undecodable, names)):
        raise InputError(f"the header of {path} is not UTF-8", fix="convert it: iconv -t UTF-8")
    return names
