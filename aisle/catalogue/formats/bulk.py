"""Bulk files of OpenSearch and Elasticsearch: a line with an action, a line with its document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisle.catalogue.formats.encoding import TextEncoding
from aisle.catalogue.formats.json_document import row_cells
from aisle.catalogue.formats.json_kind import JsonKind, action_of, json_kind
from aisle.catalogue.formats.json_lines import filled_lines, line_value
from aisle.catalogue.formats.json_text import json_encoding
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import BadRow, Cells, Rejects, Row


class Bulk:
    """A text whose first line is an action, such as ``{"index": {"_id": "1"}}``."""

    name = "bulk"
    suffixes: tuple[str, ...] = ()
    certain = True
    binary = False

    def matches(self, head: bytes) -> bool:
        """Whether the content looks like it."""
        return json_kind(head) is JsonKind.BULK

    def open(self, path: Path, options: ReadOptions) -> BulkFile:
        """See `Table`."""
        return BulkFile(path, json_encoding(path, options.encoding))


@dataclass(frozen=True, slots=True)
class BulkFile:
    """A bulk file."""

    path: Path
    encoding: TextEncoding
    format: str = Bulk.name

    @property
    def details(self) -> str:
        """See `OpenTable`."""
        title = self.encoding.title
        return "" if title == "UTF-8" else title

    def rows(self, rejects: Rejects) -> Iterator[Row]:
        """Yield every document, with the id of its action as ``_id``, on its own line."""
        # The action whose document comes next, and its line.
        waiting: tuple[int, dict[str, Any]] | None = None
        for number, line in filled_lines(self.path, self.encoding):
            try:
                value = line_value(line)
            except BadRow as reason:
                rejects.add(number, str(reason), line, _id(waiting))
                waiting = None
                continue
            if action := action_of(value):
                if waiting:
                    rejects.add(waiting[0], "an action without a document", waiting[1], _id(waiting))
                waiting = (number, value)
                if action == "delete":
                    rejects.add(number, "a delete, no product", value, _id(waiting))
                    waiting = None
                continue
            try:
                cells = _document(value, waiting)
            except BadRow as reason:
                rejects.add(number, str(reason), line, _id(waiting))
            else:
                yield Row(number, cells)
            waiting = None
        if waiting:
            rejects.add(waiting[0], "an action without a document", waiting[1], _id(waiting))


def _document(value: Any, waiting: tuple[int, dict[str, Any]] | None) -> Cells:
    if waiting and "update" in waiting[1] and isinstance(value, dict):
        # An update with all that a new document needs is one.
        value = value.get("doc") if value.get("doc_as_upsert") is True else value.get("upsert")
        if value is None:
            raise BadRow("an update, no product")
    cells = row_cells(value)
    identity = _id(waiting)
    return {"_id": identity, **cells} if identity else cells


def _id(waiting: tuple[int, dict[str, Any]] | None) -> str:
    if waiting is None:
        return ""
    (of,) = waiting[1].values()
    found = of.get("_id")
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
