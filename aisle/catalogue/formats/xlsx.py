"""Excel's workbooks (extra ``xlsx``): the first sheet that has a header and rows, row by row."""

from __future__ import annotations

import math
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from aisle._environment import optional
from aisle._printable import printable
from aisle.catalogue.exports.preamble import header_row
from aisle.catalogue.formats.sniffing import column_names
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import Rejects, Row
from aisle.errors import InputError

_MAX_ROWS: Final = 1_048_576
_LOOKED_AT: Final = 40
_ABOVE: Final = 20
# What is not read row by row is held in memory, texts that cells share most of all.
_MAX_SHARED: Final = 512 * 1024 * 1024
_MAX_PART: Final = 64 * 1024 * 1024
_BY_ROW: Final = ("xl/worksheets/sheet", "xl/media/", "xl/drawings/", "docProps/thumbnail")

# What openpyxl lets through of a file that is none, or is damaged.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    ArithmeticError,
    NotImplementedError,
    RuntimeError,
)


_ERRORS: Final = frozenset(
    ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!")
)
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ZEROS: Final = re.compile(r"0{2,}")

Values = Sequence[Any]


class Xlsx:
    """A zip archive with a workbook in it."""

    name = "xlsx"
    suffixes: tuple[str, ...] = (".xlsx", ".xlsm")
    certain = True
    binary = True

    def matches(self, head: bytes) -> bool:
        """Whether the content looks like it; archives of anything else are unpacked before."""
        return head.startswith(b"PK\x03\x04")

    def open(self, path: Path, options: ReadOptions) -> XlsxFile:  # noqa: ARG002
        """Find the sheet and its header; see `Table`."""
        with _workbook(path) as book:
            titles = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
            for title in titles:
                head = list(islice(book[title].iter_rows(), _LOOKED_AT))
                found = _sheet(title, head)
                if found:
                    return XlsxFile(path, found, tuple(other for other in titles if other != title))
        raise InputError(
            f"no sheet of {path} has a header and rows (sheets: {', '.join(titles[:5]) or 'none'})",
            fix="put the names of the columns on top of the rows, such as id, title, price",
        )


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where the rows of a sheet are.

    Attributes:
        title: of the sheet.
        begin: number of its header's row.
        names: of its columns; ``unnamed`` of those that have none in the header.
        zeros: column to the digits that its numbers are shown with, as 007.
    """

    title: str
    begin: int
    names: tuple[str, ...]
    unnamed: frozenset[str]
    zeros: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class XlsxFile:
    """A workbook of which it is known which sheet is read."""

    path: Path
    sheet: Sheet
    others: tuple[str, ...]
    format: str = Xlsx.name

    @property
    def details(self) -> str:
        """See `OpenTable`."""
        said = f"sheet {self.sheet.title}"
        if self.sheet.begin > 1:
            said += f", header in row {self.sheet.begin}"
        return f"{said}; not read: {', '.join(self.others)}" if self.others else said

    def rows(self, rejects: Rejects) -> Iterator[Row]:
        """Yield every row that is not blank, with the number that Excel shows."""
        sheet, width = self.sheet, len(self.sheet.names)
        begin = sheet.begin + 1
        with _workbook(self.path) as book:
            values = book[sheet.title].iter_rows(min_row=begin, values_only=True)
            for number, row in enumerate(values, begin):
                if number > _MAX_ROWS:
                    raise InputError(f"{self.path} has more rows than a sheet may have", fix="save it as CSV")
                cells = self._cells(row)
                if len(cells) > width:
                    rejects.add(number, f"rows have {len(cells):,} cells, the header {width:,}", cells)
                elif cells:
                    cells += [None] * (width - len(cells))
                    named = dict(zip(sheet.names, cells, strict=True))
                    for name in sheet.unnamed:
                        if named[name] is None:
                            del named[name]
                    yield Row(number, named)

    def _cells(self, row: Values) -> list[Any]:
        """The cells up to the last one that is filled."""
        cells = [_value(value) for value in row]
        while cells and cells[-1] is None:
            cells.pop()
        for column, digits in self.sheet.zeros.items():
            if column < len(cells) and type(cells[column]) is int:
                cells[column] = str(cells[column]).zfill(digits)
        return cells


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    openpyxl = optional("openpyxl", extra="xlsx")
    try:
        _check_parts(path)
        # By its path, the library would ask for a suffix.
        with path.open("rb") as file:
            with warnings.catch_warnings():
                # Of styles and the like, which nobody asks for.
                warnings.simplefilter("ignore", UserWarning)
                book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            for sheet in book.worksheets:
                # What a file says of its size is often wrong.
                sheet.reset_dimensions()
            yield book
    except _DAMAGE as error:
        reason = str(error).strip().partition("\n")[0][:100] or type(error).__name__
        raise InputError(
            f"{path} is not a whole Excel file ({printable(reason)})",
            fix="copy it again, or save it anew as XLSX or CSV",
        ) from None


def _check_parts(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        for part in archive.infolist():
            if part.filename.startswith(_BY_ROW):
                continue
            limit = _MAX_SHARED if part.filename.endswith("sharedStrings.xml") else _MAX_PART
            # No more than it says can come out of it.
            if part.file_size > limit:
                raise InputError(
                    f"{path} would fill memory: its {printable(part.filename)} has {part.file_size:,} bytes",
                    fix="save it as CSV",
                )


def _sheet(title: str, head: Sequence[Values]) -> Sheet | None:
    """The sheet, if it has a header and a row; ``head`` are its first rows, as cells of openpyxl."""
    rows = [[_value(cell.value) for cell in row] for row in head]
    at = _header(rows)
    if at is None or not any(map(_filled, rows[at + 1 :])):
        return None
    cells = ["" if value is None else str(value) for value in rows[at]]
    while cells and not cells[-1].strip():
        cells.pop()
    names = column_names(cells)
    unnamed = frozenset(name for name, cell in zip(names, cells, strict=True) if not cell.strip())
    zeros: dict[int, int] = {}
    for row in head[at + 1 :]:
        for column, cell in enumerate(row[: len(names)]):
            shown = str(getattr(cell, "number_format", ""))
            if isinstance(cell.value, int) and _ZEROS.fullmatch(shown):
                zeros[column] = len(shown)
    return Sheet(title, at + 1, names, unnamed, zeros)


def _header(rows: Sequence[Values]) -> int | None:
    """Which row names the columns: the first with two texts that is not much narrower than the others."""
    filled = [number for number, row in enumerate(rows) if _filled(row)]
    first = filled[:_ABOVE]
    written = [["" if value is None else str(value) for value in rows[number]] for number in first]
    if above := header_row(written):
        return first[above]
    widest = max((len(_filled(row)) for row in rows), default=0)
    for number in first:
        cells = _filled(rows[number])
        texts = [cell for cell in cells if isinstance(cell, str)]
        if len(texts) > 1 and 2 * len(texts) >= len(cells) and 2 * len(cells) >= widest:
            return number
    return None


def _filled(row: Values) -> list[Any]:
    return [value for value in row if value is not None]


def _value(value: Any) -> Any:
    """A cell as plain text, number or truth; None for nothing, and for a formula that came to nothing."""
    if isinstance(value, str):
        if not value.strip() or value in _ERRORS:
            return None
        return _ESCAPED.sub(lambda code: chr(int(code[1], 16)), value) if "_x" in value else value
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, timedelta) else value
