"""CSV and its kin, with a header line, in any encoding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aisle.catalogue.formats.encoding import (
    NAME_OR_CONVERT,
    TextEncoding,
    encoding_of,
    encoding_of_head,
    undecoded,
)
from aisle.catalogue.formats.records import RowReader
from aisle.catalogue.formats.sniffing import DELIMITERS, Layout, sniffed
from aisle.catalogue.formats.text_lines import TextLines, text_blocks
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import Rejects, Row
from aisle.errors import InputError

_TITLES: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


class Delimited:
    """``.csv``, ``.tsv`` or ``.txt``, or text with a delimiter in its first lines."""

    name = "csv"
    suffixes: tuple[str, ...] = (".csv", ".tsv", ".tab", ".txt")
    certain = False
    binary = False

    def matches(self, head: bytes) -> bool:
        """Whether the content looks like it."""
        text = head.decode(encoding_of_head(head), errors="replace")
        first = [line for line in text.splitlines() if line.strip()][:3]
        return "\0" not in text and any(mark in line for line in first for mark in DELIMITERS)

    def open(self, path: Path, options: ReadOptions) -> DelimitedFile:
        """See `Table`."""
        encoding = encoding_of(path, options.encoding)
        head, whole = _head(path, encoding)
        if not whole and not re.search("[\r\n]", head):
            raise InputError(
                f"the first line of {path} is over {len(head):,} characters",
                fix="check that it is a CSV file, or name its --format",
            )
        layout = sniffed(head, whole=whole)
        if layout:
            _check(path, layout, encoding)
        return DelimitedFile(path, encoding, layout)


@dataclass(frozen=True, slots=True)
class DelimitedFile:
    """A file of delimited values; without a layout it holds no header."""

    path: Path
    encoding: TextEncoding
    layout: Layout | None
    format: str = Delimited.name

    @property
    def details(self) -> str:
        """Encoding, delimiter, and what else is not as usual."""
        if self.layout is None:
            return self.encoding.title
        mark = self.layout.dialect.delimiter
        parts = [self.encoding.title, f"separated by {_TITLES.get(mark, repr(mark))}"]
        if self.layout.dialect.quote != '"':
            parts.append("in single quotes")
        if self.layout.above:
            parts.append(f"header in line {self.layout.begin}")
        return ", ".join(parts)

    def rows(self, rejects: Rejects) -> Iterator[Row]:
        """Yield the rows; a row's line is the one where it begins."""
        if self.layout is None:
            return
        lines = TextLines(text_blocks(self.path, self.encoding), self.layout.line_end)
        while len(lines.ahead) < self.layout.begin and lines.more():
            pass
        lines.drop(self.layout.begin)
        yield from RowReader(lines, self.layout.dialect, self.encoding).rows(rejects)


# Enough to see how rows are written; of very wide tables that many lines, if they are not endless.
_HEAD_CHARS: Final = 100_000
_HEAD_LINES: Final = 20
_LONGEST_HEAD: Final = 1 << 22


def _head(path: Path, encoding: TextEncoding) -> tuple[str, bool]:
    """The beginning of the text, and whether it is all of it."""
    head = ""
    for block in text_blocks(path, encoding):
        head += block
        lines = head.count("\n") or head.count("\r")
        if len(head) >= _LONGEST_HEAD or (len(head) >= _HEAD_CHARS and lines >= _HEAD_LINES):
            return head[:_LONGEST_HEAD], False
    return head, True


def _check(path: Path, layout: Layout, encoding: TextEncoding) -> None:
    if any(map(undecoded, layout.dialect.names)):
        raise InputError(f"the header of {path} is not {encoding.title}", fix=NAME_OR_CONVERT)
    if layout.headerless:
        first = ", ".join(layout.dialect.names)[:80]
        raise InputError(
            f"{path} has no header: its first line looks like a row ({first})",
            fix="put a line with the names of the columns on top, such as id,title,price",
        )
