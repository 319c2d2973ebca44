"""What one line does to one item. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from dataclasses import fields as dataclass_fields
from typing import Any, Final, Protocol

import orjson

from aisle._files import MAX_LINE_BYTES
from aisle.catalogue.item import own_part
from aisle.catalogue.rejects import BadRow, Cells
from aisle.catalogue.values import MAX_FACET_CHARS, identity, scalar
from aisle.mappings import fields
from aisle.markup import plain_line
from aisle.types import BusinessSignals, Item


class NoSuchItem(ValueError):
    """A partial update of an item that is not in the catalogue."""


class Change(Protocol):
    """One change. Applying it twice in a row is applying it once: that makes every replay safe."""

    @property
    def id(self) -> str:
        """The id of the item that it changes."""

    def applied_to(self, before: Item | None, /) -> Item | None:
        """The item afterwards; None is "there is none".

        Raises:
            NoSuchItem: some fields of an item are to change, and there is no such item.
        """


@dataclass(frozen=True, slots=True)
class Upsert:
    """The whole item, new or not."""

    item: Item

    @property
    def id(self) -> str:
        """See `Change`."""
        return self.item.id

    def applied_to(self, _: Item | None, /) -> Item | None:
        """See `Change`."""
        return self.item


@dataclass(frozen=True, slots=True)
class Update:
    """Some fields of an item (a JSON merge patch, RFC 7396).

    Attributes:
        id: of the item.
        fields: field of `aisle.types.Item` to its new value, checked; never ``id``.
        attributes: attribute to its new value; None removes it, those not named stay.
        signals: field of `aisle.types.BusinessSignals` to its new value; those not named stay.
    """

    id: str
    fields: Mapping[str, Any]
    attributes: Mapping[str, tuple[str, ...] | None]
    signals: Mapping[str, Any] = field(default_factory=dict)

    def applied_to(self, before: Item | None, /) -> Item | None:
        """See `Change`."""
        if before is None:
            raise NoSuchItem(self.id)
        after = replace(before, **self.fields)
        if self.signals:
            after = replace(after, signals=replace(after.signals, **self.signals))
        if not self.attributes:
            return after
        merged = {**after.attributes, **self.attributes}
        kept = {name: value for name, value in merged.items() if value is not None}
        return replace(after, attributes=kept)


@dataclass(frozen=True, slots=True)
class Delete:
    """The item goes; that it is not there is no error."""

    id: str

    def applied_to(self, _: Item | None, /) -> Item | None:
        """See `Change`."""
        return None


OP: Final = "op"
_SIGNALS: Final = tuple(field.name for field in dataclass_fields(BusinessSignals))
_FIELDS: Final = frozenset(field.name for field in dataclass_fields(Item))
_SYNONYMS: Final = {fields.CATEGORY: fields.CATEGORIES, fields.IMAGE: fields.IMAGES}
_KNOWN: Final = frozenset((*_FIELDS, *_SYNONYMS, *_SIGNALS))
_ANY_TITLE: Final = "any"


def parse_change(row: bytes) -> Change:
    """The change that a line describes.

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
    item = _item({**cells, fields.ATTRIBUTES: None})
    found = _attributes(cells.get(fields.ATTRIBUTES) or {})
    return Upsert(
        replace(item, attributes={name: value for name, value in found.items() if value is not None})
    )


def _update(cells: Cells) -> Change:
    _check_names(cells)
    item = _item({fields.TITLE: _ANY_TITLE, **cells, fields.ATTRIBUTES: None})
    named = {_SYNONYMS.get(name, name) for name in cells} - {fields.ID, fields.ATTRIBUTES}
    values = {name: getattr(item, name) for name in named if name in _FIELDS and name != "signals"}
    if fields.ATTRIBUTES in cells and cells[fields.ATTRIBUTES] is None:
        values[fields.ATTRIBUTES] = {}
    inner = cells.get("signals")
    given = inner if isinstance(inner, dict) else {}
    signals = {name: getattr(item.signals, name) for name in _SIGNALS if name in cells or name in given}
    if not values and not signals and fields.ATTRIBUTES not in cells:
        raise BadRow("an update without a field to change")
    return Update(item.id, values, _attributes(cells.get(fields.ATTRIBUTES) or {}), signals)


def _item(cells: Cells) -> Item:
    """The item in a line; what cannot be read of it costs the line, so that nobody takes it for done."""
    part = own_part(cells)
    for reason in (*part.wrong.values(), *part.lost.values()):
        raise BadRow(reason)
    return part.item


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


def _attributes(value: object) -> dict[str, tuple[str, ...] | None]:
    if not isinstance(value, dict):
        raise BadRow("attributes is not an object")
    return {_attribute_name(name): _attribute(inner) for name, inner in value.items()}


def _attribute_name(name: str) -> str:
    cleaned = plain_line(name)
    if not cleaned:
        raise BadRow("an attribute has no name")
    return cleaned


def _attribute(value: object) -> tuple[str, ...] | None:
    """Its values, one line of text each; None for nothing, which is how it is removed."""
    texts = [scalar(part) for part in (value if isinstance(value, list) else [value])]
    if None in texts:
        raise BadRow("an attribute is not text")
    lines = tuple(dict.fromkeys(filter(None, (plain_line(text) for text in texts if text))))
    if any(len(line) > MAX_FACET_CHARS for line in lines):
        raise BadRow(f"an attribute is over {MAX_FACET_CHARS:,} characters")
    return lines or None
