"""JSON lines: one object a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from aisle._files import MAX_LINE_BYTES, numbered_lines
from aisle.catalogue.formats.encoding import TextEncoding
from aisle.catalogue.formats.json_document import row_cells
from aisle.catalogue.formats.json_kind import JsonKind, json_kind
from aisle.catalogue.formats.json_text import json_encoding, repaired
from aisle.catalogue.formats.text_lines import UNIX, TextLines, text_blocks
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import BadRow, Rejects, Row


class JsonLines:
    """A text whose first line is an object; if that one is damaged, the suffix tells."""

    name = "jsonl"
    suffixes: tuple[str, ...] = (".jsonl", ".ndjson", ".json")
    certain = True
    binary = False

    def matches(self, head: bytes) -> bool:
        """Whether the content looks like it."""
        return json_kind(head) is JsonKind.LINES

    def open(self, path: Path, options: ReadOptions) -> JsonLinesFile:
        """See `Table`."""
        return JsonLinesFile(path, json_encoding(path, options.encoding))


@dataclass(frozen=True, slots=True)
class JsonLinesFile:
    """A file of JSON lines."""

    path: Path
    encoding: TextEncoding
    format: str = JsonLines.name

    @property
    def details(self) -> str:
        """See `OpenTable`."""
        title = self.encoding.title
        return "" if title == "UTF-8" else title

    def rows(self, rejects: Rejects) -> Iterator[Row]:
        """Yield every line that holds an object."""
        for number, line in filled_lines(self.path, self.encoding):
            try:
                cells = row_cells(line_value(line))
            except BadRow as reason:
                rejects.add(number, str(reason), line)
            else:
                yield Row(number, cells)


def filled_lines(path: Path, encoding: TextEncoding) -> Iterator[tuple[int, bytes]]:
    """Yield (1-based number, UTF-8) of each line that is not blank.

    Raises:
        InputError: the file cannot be opened or breaks off.
    """
    if encoding.title == "UTF-8":
        yield from numbered_lines(path)
        return
    lines = TextLines(text_blocks(path, encoding), UNIX)
    while lines.ahead or lines.more():
        for number, line in enumerate(lines.ahead, lines.number):
            if line.strip():
                yield number, line.strip().encode(errors="surrogatepass")
        lines.drop(len(lines.ahead))


def line_value(line: bytes) -> Any:
    """The JSON value of a line; of one that ends with a comma or holds NaN, what was meant.

    Raises:
        BadRow: it holds none, or is too long.
    """
    if len(line) > MAX_LINE_BYTES:
        raise BadRow(f"line is over {MAX_LINE_BYTES:,} bytes")
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    try:
        line.decode()
    except UnicodeDecodeError:
        raise BadRow("not UTF-8") from None
    # Repairing is slow, and most of what is broken is so in other ways.
    if any(mark in line for mark in (b"NaN", b"Infinity", b",]", b",}")) or line.endswith(b","):
        try:
            return orjson.loads(repaired(line.rstrip(b",")))
        except orjson.JSONDecodeError:
            pass
    raise BadRow("invalid JSON")
