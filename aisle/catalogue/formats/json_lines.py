"""JSON lines: one object a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from aisle._files import MAX_LINE_BYTES, numbered_lines
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import BadRow, Cells, Rejects, Row


class JsonLines:
    """``.jsonl``, ``.ndjson`` or ``.json``, or a text that begins with an object."""

    name = "jsonl"
    suffixes: tuple[str, ...] = (".jsonl", ".ndjson", ".json")
    certain = True
    binary = False

    def matches(self, head: bytes) -> bool:
        """Whether the content looks like it."""
        return head.lstrip().startswith(b"{")

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
                cells = _cells(line)
            except BadRow as reason:
                rejects.add(number, str(reason), line)
            else:
                yield Row(number, cells)


def _cells(line: bytes) -> Cells:
    if len(line) > MAX_LINE_BYTES:
        raise BadRow(f"line is over {MAX_LINE_BYTES:,} bytes")
    try:
        line.decode()
    except UnicodeDecodeError:
        raise BadRow("not UTF-8") from None
    try:
        cells = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise BadRow("invalid JSON") from None
    if not isinstance(cells, dict):
        raise BadRow("not a JSON object")
    return cells
