"""One line of JSON → one change, checked like a row of a catalogue. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from catalogue.build import item_from
from catalogue.cells import MAX_FACET_CHARS, clean_line, identity, scalar
from catalogue.columns import Columns
from catalogue.rows import BadRow, Cells
from indexer.updates.change import Change, Delete, Update, Upsert
from mappings import fields
from records.files import MAX_LINE_BYTES

OP: Final = "op"
_SINGLE: Final = (fields.ID, fields.TITLE, fields.BRAND, fields.CATEGORY, fields.PRICE, fields.IMAGE)
_KNOWN: Final = frozenset((*_SINGLE, fields.TEXT, fields.ATTRIBUTES))
_COLUMNS: Final = Columns(
    single={name: name for name in _SINGLE}, text=(fields.TEXT,), objects=(), used=_KNOWN, renamed={}
)
_ANY_TITLE: Final = "any"


def parse_change(row: bytes) -> Change:
    """Read a line.

    Whether it can be read depends on the line alone, never on the item: a replay decides the same.

    Raises:
        BadRow: with the reason, a fixed phrase.
    """
    cells = parse_object(row)
    op = cells.pop(OP, "upsert")
    make = _OPERATIONS.get(op) if isinstance(op, str) else None
    if make is None:
        raise BadRow(f"op is none of {', '.join(_OPERATIONS)}")
    return make(cells)


def parse_object(row: bytes) -> Cells:
    """A line as a JSON object.

    Raises:
        BadRow: it is none.
    """
    if len(row) > MAX_LINE_BYTES:
        raise BadRow(f"line is over {MAX_LINE_BYTES:,} bytes")
    try:
        row.decode()
    except UnicodeDecodeError:
        raise BadRow("not UTF-8") from None
    try:
        cells = orjson.loads(row)
    except orjson.JSONDecodeError:
        raise BadRow("invalid JSON") from None
    if not isinstance(cells, dict):
        raise BadRow("not a JSON object")
    return cells


def _upsert(cells: Cells) -> Change:
    _check_names(cells)
    item = item_from({**cells, fields.ATTRIBUTES: None}, _COLUMNS)
    found = _attributes(cells.get(fields.ATTRIBUTES) or {})
    attributes = {name: value for name, value in found.items() if value is not None}
    # item_from made it without attributes.
    return Upsert(type(item)(**{**_values(item, _KNOWN), fields.ATTRIBUTES: attributes}))


def _update(cells: Cells) -> Change:
    _check_names(cells)
    item = item_from({fields.TITLE: _ANY_TITLE, **cells, fields.ATTRIBUTES: None}, _COLUMNS)
    named = cells.keys() - {fields.ID, fields.ATTRIBUTES}
    values = _values(item, named)
    if fields.ATTRIBUTES in cells and cells[fields.ATTRIBUTES] is None:
        values[fields.ATTRIBUTES] = {}
    if not values and fields.ATTRIBUTES not in cells:
        raise BadRow("an update without a field to change")
    return Update(item.id, values, _attributes(cells.get(fields.ATTRIBUTES) or {}))


def _delete(cells: Cells) -> Change:
    # What else the line says is the item as it was (many a change feed sends it): nothing to check.
    return Delete(identity(cells.get(fields.ID)))


_OPERATIONS: Final[Mapping[str, Callable[[Cells], Change]]] = {
    "upsert": _upsert,
    "update": _update,
    "delete": _delete,
}


def _check_names(cells: Cells) -> None:
    # A typing error that silently becomes an attribute would be a change that is lost.
    if not cells.keys() <= _KNOWN:
        raise BadRow("unknown field (facets of your own go under attributes)")


def _values(item: object, names: frozenset[str] | set[str]) -> dict[str, Any]:
    return {name: getattr(item, name) for name in names}


def _attributes(value: object) -> dict[str, str | None]:
    if not isinstance(value, dict):
        raise BadRow("attributes is not an object")
    return {_attribute_name(name): _attribute(inner) for name, inner in value.items()}


def _attribute_name(name: str) -> str:
    cleaned = clean_line(name)
    if not cleaned:
        raise BadRow("an attribute has no name")
    return cleaned


def _attribute(value: object) -> str | None:
    """One line of text; None for nothing, which is how it is removed."""
    texts = [scalar(part) for part in (value if isinstance(value, list) else [value])]
    if None in texts:
        raise BadRow("an attribute is not text")
    line = clean_line(", ".join(text for text in texts if text))
    if len(line) > MAX_FACET_CHARS:
        raise BadRow(f"an attribute is over {MAX_FACET_CHARS:,} characters")
    return line or None
