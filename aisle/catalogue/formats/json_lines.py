"""JSON lines: one object a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from aisle._files import MAX_LINE_BYTES, numbered_lines
from aisle.catalogue.formats.json_document import row_cells
from aisle.catalogue.formats.json_kind import JsonKind, json_kind
from aisle.catalogue.formats.json_text import repaired
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

    def open(self, path: Path, options: ReadOptions) -> JsonLinesFile:  # noqa: ARG002
        """See `Table`."""
        return JsonLinesFile(path)


@dataclass(frozen=True, slots=True)
class JsonLinesFile:
    """A file of JSON lines."""

    path: Path
    format: str = JsonLines.name
    details: str = ""

    def rows(self, rejects: Rejects) -> Iterator[Row]:
        """Yield every line that holds an object."""
        for number, line in numbered_lines(self.path):
            try:
                cells = row_cells(line_value(line))
            except BadRow as reason:
                rejects.add(number, str(reason), line)
            else:
                yield Row(number, cells)


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
