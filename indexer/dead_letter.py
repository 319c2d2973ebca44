"""One row that is not in the index: where it stood, why, and the whole of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import orjson

from indexer.dead_letter_row import row_json
from records import Item


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Attributes:
    line: 1-based line or row number, of a row that no reader could use; None for a document.
    position: of an item whose document was refused, from 0; None for a row.
    id: the item's, empty where it cannot be told.
    reason: one line.
    attempts: how often it was tried.
    row: its row as JSON: an object of its cells, the text of a line that has none, or an item.
    """

    line: int | None
    position: int | None
    id: str
    reason: str
    attempts: int
    row: bytes

    def to_line(self) -> bytes:
        """One line of a dead letters file."""
        content = {**asdict(self), "id": printable(self.id), "row": orjson.Fragment(self.row)}
        return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


def refused_item(position: int, item: Item, reason: str, attempts: int = 1) -> DeadLetter:
    """The letter of a document that could not be indexed; its row is the item, without empty fields."""
    cells = {field.name: getattr(item, field.name) for field in fields(item)}
    filled = {name: value for name, value in cells.items() if value or value == 0}
    cells = {**filled, "attributes": dict(item.attributes)}
    return DeadLetter(None, position, item.id, printable(reason), attempts, row_json(cells))


def rejected_row(line: int, row: bytes | Mapping[str, Any] | list[Any], reason: str, id: str) -> DeadLetter:
    """The letter of a row that a reader set aside."""
    return DeadLetter(line, None, id, reason, 1, row_json(row))


def printable(text: str) -> str:
    """Text that JSON can carry."""
    return text.encode(errors="replace").decode()
