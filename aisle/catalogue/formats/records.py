"""Rows out of lines: fast where quotes are regular, careful where they are not."""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aisle.catalogue.formats.dialect import Dialect, unwrapped
from aisle.catalogue.formats.encoding import TextEncoding, undecoded
from aisle.catalogue.formats.quoting import Quoting, Record, SplitLine
from aisle.catalogue.formats.text_lines import MAX_LINE_CHARS, TextLines
from aisle.catalogue.rejects import Rejects, Row

AGAIN: Final = "the header once more"
NOT_CLOSED: Final = "a quote is not closed"
TOO_LONG: Final = f"line is over {MAX_LINE_CHARS:,} characters"


@dataclass(frozen=True, slots=True)
class BadRecord:
    """Lines that are no row."""

    reason: str
    lines: int = 1


# Of the characters read so far: what attempts at records over many lines may cost that come to nothing.
_WASTED_SHARE: Final = 2
_SPARE: Final = 1 << 17
# A line takes as long to look at as so many characters.
_LINE_COST: Final = 50
_LONGEST_CELL: Final = 1 << 20


class RowReader:
    """Reads rows from lines. Each line that is not blank becomes part of one row or of one dead letter.

    Args:
        lines: those behind the header.
        dialect: how they are written.
        encoding: how they were decoded.

    Attributes:
        bare: rows so far with one cell, and no delimiter.
        short: rows so far with other cells missing at the end.
        long: rows so far with empty cells too many.
    """

    def __init__(self, lines: TextLines, dialect: Dialect, encoding: TextEncoding) -> None:
        self._lines = lines
        self._dialect = dialect
        self._width = len(dialect.names)
        self._not_encoded = "" if encoding.whole else f"not {encoding.title}"
        self._wasted = 0
        self.bare = 0
        self.short = 0
        self.long = 0

    def rows(self, rejects: Rejects) -> Iterator[Row]:
        """Yield the rows; bad ones go to ``rejects``."""
        lines = self._lines
        while lines.ahead or lines.more():
            at = 0
            if not lines.cut:
                at = yield from self._regular_rows()
            if at < len(lines.ahead):
                number = lines.number + at
                record = self._record(at)
                raw = lines.ahead[at : at + record.lines]
                if self._not_encoded and any(map(undecoded, raw)):
                    record = BadRecord(self._not_encoded, record.lines)
                elif isinstance(record, Record) and self._is_header(record.cells):
                    record = BadRecord(AGAIN)
                if isinstance(record, BadRecord):
                    rejects.add(number, record.reason, "".join(raw).encode(errors="surrogateescape"))
                elif _filled(record.cells):
                    yield self._row(number, record.cells)
                at += record.lines
            lines.drop(at)

    def _row(self, line: int, cells: Sequence[str]) -> Row:
        if self._dialect.formulas:
            cells = [unwrapped(cell) for cell in cells]
        return Row(line, dict(zip(self._dialect.names, cells, strict=True)))

    def _is_header(self, cells: Sequence[str]) -> bool:
        """Whether exports were put together, each with its header."""
        return self._width > 1 and tuple(cell.strip() for cell in cells) == self._dialect.names

    def _regular_rows(self) -> Generator[Row, None, int]:
        """Yield rows as long as there is no doubt about any, and return how many lines they took."""
        lines, width, first = self._lines, self._width, self._dialect.names[0]
        number = lines.number
        done = 0
        delimiter, quote = self._dialect.delimiter, self._dialect.quote
        reader = csv.reader(
            lines.ahead,
            delimiter=delimiter,
            quotechar=quote,
            skipinitialspace=delimiter != " ",
            strict=True,
        )
        try:
            for found in reader:
                cells: list[str] | None = found
                taken = reader.line_num
                if len(found) != width:
                    plain = quote not in lines.ahead[done]
                    cells = (self._fitted(found) if plain else None) if _filled(found) else []
                elif taken != done + 1 and self._are_rows(done, taken - done, strict=True):
                    return done
                if cells is None or (self._not_encoded and any(map(undecoded, cells))):
                    return done
                if any(cells):
                    if cells[0] == first and self._is_header(cells):
                        return done
                    yield self._row(number + done, cells)
                done = taken
        except csv.Error:
            return done
        return done

    def _record(self, at: int) -> Record | BadRecord:
        """Read what begins at a line that is not as plain as most."""
        text = self._lines.ahead[at]
        if len(text) > MAX_LINE_CHARS:
            return BadRecord(TOO_LONG)
        # Quotes are irregular sooner than delimiters: the first way to read them that gives the right cells.
        # Where quotes are just there, any one before a delimiter ends a cell: only if nothing else is right.
        *proper, bare = self._dialect.quotings
        read: list[SplitLine] = []
        for quotings in (proper, [bare]):
            lines = [quoting.split(text) for quoting in quotings]
            for line in lines:
                if line.opened is None and len(line.cells) == self._width:
                    return Record(line.cells)
            if record := self._spanning(at, quotings, lines):
                return record
            read += lines
            if read[0].regular:
                break
        plain = read[0]
        if not _filled(plain.cells):
            return Record([""] * self._width)
        return Record(plain.cells) if len(plain.cells) == self._width else self._uneven(read)

    def _uneven(self, read: Sequence[SplitLine]) -> Record | BadRecord:
        plain = read[0]
        if plain.opened is not None:
            return BadRecord(NOT_CLOSED)
        for line in read:
            if line.opened is None and (cells := self._fitted(line.cells)):
                return Record(cells)
        return BadRecord(f"rows have {len(plain.cells):,} cells, the header {self._width:,}")

    def _fitted(self, cells: list[str]) -> list[str] | None:
        """Cells with those that are missing at the end, or without empty ones too many; None if in doubt."""
        missing = self._width - len(cells)
        if missing > 0:
            if not self._dialect.fits(cells):
                return None
            if len(cells) > 1:
                self.short += 1
            else:
                self.bare += 1
        elif _filled(cells[self._width :]):
            return None
        else:
            self.long += 1
        return cells[: self._width] + [""] * missing

    def _spanning(self, at: int, quotings: Sequence[Quoting], read: Sequence[SplitLine]) -> Record | None:
        """A record over several lines, unless these are rows of their own.

        Args:
            at: where it would begin.
            quotings: ways to read quotes.
            read: its first line in each of them.
        """
        lines = self._lines
        for quoting, first in zip(quotings, read, strict=True):
            most = _SPARE + _WASTED_SHARE * lines.chars - self._wasted
            if first.opened is None or most < 0:
                continue
            record = quoting.span(lines, at, min(_LONGEST_CELL, most))
            strict = quoting is self._dialect.quotings[0]
            if isinstance(record, Record) and not self._are_rows(at, record.lines, strict=strict):
                if len(record.cells) == self._width:
                    return record
                if strict and (cells := self._fitted(record.cells)):
                    return Record(cells, record.lines)
            self._wasted += sum(len(line) + _LINE_COST for line in lines.ahead[at : at + record.lines])
        return None

    def _are_rows(self, at: int, count: int, *, strict: bool) -> bool:
        """Whether lines that quotes hold together look like rows each.

        A quote that nobody meant to open closes at the next one, which may be many rows later.
        """
        first, *others = self._lines.ahead[at : at + count]
        others = [line for line in others if line.strip()]
        rows = sum(map(self._is_row, others))
        likely = not strict or rows > 1 or self._is_row(first)
        return likely and 0 < len(others) <= 2 * rows

    def _is_row(self, line: str) -> bool:
        dialect = self._dialect
        if self._width < 2 or line.count(dialect.delimiter) < self._width - 1:
            return False
        cells = dialect.quotings[0].split(line).cells
        # In a text, a comma is followed by a space.
        in_text = not dialect.spaced and any(cell.startswith(" ") for cell in cells)
        uneven = len(cells) < self._width or _filled(cells[self._width :])
        if in_text or uneven or not dialect.fits(cells):
            return False
        return _filled(cells[:1]) and all(cells[i].strip() for i in dialect.filled)


def _filled(cells: Sequence[str]) -> bool:
    return any(cell.strip(_BLANK) for cell in cells)


_BLANK: Final = "\0 \t\r\n\v\f\N{NO-BREAK SPACE}\N{ZERO WIDTH NO-BREAK SPACE}"
