"""Finds out how a delimited file is written, from its beginning."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from aisle.catalogue.exports.preamble import header_row, joined_headings
from aisle.catalogue.formats.dialect import Dialect, Kind, is_number, unwrapped
from aisle.catalogue.formats.encoding import TextEncoding
from aisle.catalogue.formats.quoting import Record
from aisle.catalogue.formats.records import RowReader
from aisle.catalogue.formats.text_lines import ANY, UNIX, TextLines
from aisle.catalogue.rejects import Rejects

# Of equals the first: a comma is often just a comma.
DELIMITERS: Final = "\t;|,"
_SEP_LINE: Final = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)
_LONE_RETURN: Final = re.compile("\r(?!\n)")
# A title, a date of export: lines with one cell above the header.
_MOST_ABOVE: Final = 10
_MOST_LINES: Final = 500
# What a row with cells missing at its end, or with empty ones too many, says against a layout. A delimiter
# that is none splits some rows into a few cells; of the right one, all rows may have a cell too many.
_SHORT: Final = 0.5
_LONG: Final = 0.1
# Quotes that are apostrophes may make a few rows fit better.
_APOSTROPHES: Final = 0.2


@dataclass(frozen=True, slots=True)
class Layout:
    """Where and how the rows stand.

    Attributes:
        dialect: how they are written.
        line_end: see `split_lines`.
        begin: number of lines up to the end of the header.
        above: of them, lines that stand above the header and are not blank.
        sample: cells of the first rows.
        score: share of the first rows that have as many cells as the header; others that can be read count
            for less.
    """

    dialect: Dialect
    line_end: str
    begin: int
    above: int
    sample: tuple[tuple[str, ...], ...]
    score: float

    @property
    def headerless(self) -> bool:
        """Whether the header looks like one of the rows."""
        rows = [row for row in self.sample if any(row)]
        return bool(rows) and _is_data(self.dialect.names, list(zip(*rows, strict=True)))


def sniffed(head: str, *, whole: bool) -> Layout | None:
    """Find the layout that gives most rows as many cells as the header; None if there is no header.

    Args:
        head: the beginning of a file.
        whole: whether it is all of it.
    """
    line_ends = [UNIX]
    if _LONE_RETURN.search(head):
        line_ends = [UNIX, ANY] if "\n" in head else [ANY]
    quotes = ['"', "'"] if "'" in head else ['"']
    found = [
        layout
        for line_end, quote, delimiter in product(line_ends, quotes, _delimiters(head))
        if (layout := _tried(head, line_end, delimiter, quote, whole=whole))
    ]
    return max(found, key=_rank, default=None)


def _rank(layout: Layout) -> tuple[bool, float, int]:
    """Whether it has columns, and how hardly all rows have so many by chance."""
    names = layout.dialect.names
    wrapped = len(names) > 1 and all(name[:1] == name[-1:] == "'" for name in names)
    score = layout.score - (_APOSTROPHES if layout.dialect.quote == "'" else 0)
    return len(names) > 1 and not wrapped, round(score * math.log2(len(names)), 2), len(names)


def _delimiters(head: str) -> str:
    first = next((line for line in head.splitlines() if line.strip()), "")
    named = _SEP_LINE.fullmatch(first)
    if named:
        return named[1]
    return "".join(mark for mark in DELIMITERS if mark in head) or ","


def _tried(head: str, line_end: str, delimiter: str, quote: str, *, whole: bool) -> Layout | None:
    lines = TextLines([head], line_end)
    while lines.more():
        pass
    if not whole and len(lines.ahead) > 1:
        del lines.ahead[-1]
    del lines.ahead[_MOST_LINES:]
    above = _find_header(lines, delimiter, quote)
    if above is None:
        return None
    dialect = Dialect(delimiter, quote, ())
    header = _header_record(lines, dialect)
    if line_end == UNIX and any("\r" in cell for cell in header.cells):
        return None
    begin = lines.number - 1 + header.lines
    lines.drop(header.lines)
    rejects = Rejects()
    dialect = replace(dialect, names=column_names(header.cells))
    reader = RowReader(lines, dialect, TextEncoding("utf-8", whole=False))
    rows = [tuple(map(str, row.cells.values())) for row in reader.rows(rejects)]
    all_rows = len(rows) + rejects.count + above
    odd = reader.bare + _SHORT * reader.short + _LONG * reader.long
    score = (len(rows) - odd) / all_rows if all_rows else 0.0
    headings = _headings(header.cells, delimiter, rows)
    rows = [row[: len(headings)] for row in rows]
    columns = list(zip(*rows, strict=True))
    dialect = replace(
        dialect,
        names=column_names(headings),
        kinds=tuple(map(_kind, columns)),
        filled=frozenset(i for i, cells in enumerate(columns) if _is_filled(cells)),
        spaced=_is_spaced(rows),
        formulas=any(unwrapped(cell) != cell for row in rows for cell in row),
    )
    return Layout(dialect, line_end, begin, above, tuple(rows), score)


def _headings(cells: list[str], delimiter: str, rows: Sequence[Sequence[str]]) -> list[str]:
    """The header without what no row fills: empty headings at its end, and parts of one that holds commas."""
    joined = joined_headings(cells) if delimiter == "," else cells
    headings = cells if any(any(row[len(joined) :]) for row in rows) else joined
    named = len(headings)
    while named > 1 and not headings[named - 1].strip() and not any(row[named - 1] for row in rows):
        named -= 1
    return headings[:named]


def _find_header(lines: TextLines, delimiter: str, quote: str) -> int | None:
    """Drop what stands above the header and return how many lines that are not blank; None without one."""
    split = Dialect(delimiter, quote, ()).quotings[0].split
    filled = [(i, line) for i, line in enumerate(lines.ahead) if line.strip(f"{delimiter}{_INVISIBLE}")]
    if filled and _SEP_LINE.fullmatch(filled[0][1].strip(_INVISIBLE)):
        del filled[0]
    if not filled:
        return None
    rows = [split(line).cells for _, line in filled[:_MOST_ABOVE]]
    above = header_row(rows) or next(
        (number for number, cells in enumerate(rows) if sum(bool(cell.strip()) for cell in cells) > 1), 0
    )
    lines.drop(filled[above][0])
    return above


def _header_record(lines: TextLines, dialect: Dialect) -> Record:
    strict = dialect.quotings[0]
    line = strict.split(lines.ahead[0])
    if line.opened is not None:
        record = strict.span(lines, 0, _LONGEST_HEADER)
        if isinstance(record, Record):
            return record
    return Record(line.cells)


_LONGEST_HEADER: Final = 1 << 20
_INVISIBLE: Final = "\0 \t\r\n\v\f\N{NO-BREAK SPACE}\N{ZERO WIDTH NO-BREAK SPACE}\N{ZERO WIDTH SPACE}"


def column_names(cells: Iterable[str]) -> tuple[str, ...]:
    """Names of columns, each one once.

    A table written with its row numbers has a first column without a name.
    """
    names: dict[str, None] = {}
    for number, cell in enumerate(cells, 1):
        name = " ".join(cell.strip(_INVISIBLE).split())
        if len(name) > 1 and name[0] == name[-1] == '"':
            name = name[1:-1].strip(_INVISIBLE)
        name = name or f"column {number}"
        unique, times = name, 1
        while unique in names:
            times += 1
            unique = f"{name} ({times})"
        names[unique] = None
    return tuple(names)


# So many of a column's cells must be of a kind, so that odd ones do not hide it.
_MOST: Final = 0.8
_ENOUGH: Final = 10


def _kind(cells: Sequence[str]) -> Kind:
    filled = [cell for cell in cells if cell.strip()]
    if len(filled) >= _ENOUGH:
        for kind in (Kind.NUMBER, Kind.WORD):
            if sum(map(kind.takes, filled)) >= _MOST * len(filled):
                return kind
    return Kind.TEXT


def _is_filled(cells: Sequence[str]) -> bool:
    return sum(bool(cell.strip()) for cell in cells) >= max(_ENOUGH, _MOST * len(cells))


def _is_spaced(rows: Sequence[Sequence[str]]) -> bool:
    cells = [cell for row in rows for cell in row[1:] if cell]
    return sum(cell.startswith(" ") for cell in cells) * 2 > len(cells)


# What a column of products is called, in most of the world's exports.
_NAMES: Final = frozenset(
    ("id", "sku", "handle", "title", "name", "price", "brand", "category", "description", "image", "url")
)
_DIGITS: Final = re.compile(r"\d")
_LETTERS: Final = re.compile(r"[^\W\d_]+")


def _is_data(names: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    if any(name.strip().casefold() in _NAMES for name in names):
        return False
    alike = False
    for name, cells in zip(names, columns, strict=True):
        filled = [cell for cell in cells if cell.strip()]
        for is_one in (is_number, _is_url):
            if filled and all(map(is_one, filled)):
                if not is_one(name):
                    return False
                alike = True
        shape = _shape(name)
        alike = alike or (
            "9" in shape
            and len(filled) > 1
            and sum(_shape(cell) == shape for cell in filled) >= 0.8 * len(filled)
        )
    return alike


def _is_url(cell: str) -> bool:
    return cell.strip().casefold().startswith(("http://", "https://"))


def _shape(cell: str) -> str:
    return _LETTERS.sub("a", _DIGITS.sub("9", cell.strip()))
