"""What one line does to one item. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import orjson

from aisle._files import MAX_LINE_BYTES
from aisle.catalogue.item_fields import GivenFields, read_fields
from aisle.catalogue.rejects import BadRow, Cells
from aisle.catalogue.values import identity
from aisle.types import Item


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
    """Some fields of an item; the others stay (a JSON merge patch, RFC 7396)."""

    given: GivenFields

    @property
    def id(self) -> str:
        """See `Change`."""
        return self.given.id

    def applied_to(self, before: Item | None, /) -> Item | None:
        """See `Change`."""
        if before is None:
            raise NoSuchItem(self.id)
        return self.given.merged_into(before)


@dataclass(frozen=True, slots=True)
class Delete:
    """The item goes; that it is not there is no error."""

    id: str

    def applied_to(self, _: Item | None, /) -> Item | None:
        """See `Change`."""
        return None


OP: Final = "op"


def parse_change(row: bytes) -> Change:
    """The change that a line describes.

    Whether it can be read depends on the line alone, never on the item: a replay decides the same.

    Raises:
        BadRow: with the reason, a fixed phrase.
    """
    return change_of(parse_object(row))


def change_of(cells: Cells) -> Change:
    """The change that cells describe.

    Args:
        cells: ``op`` (upsert if there is none) and fields of an item, see `read_fields`.

    Raises:
        BadRow: with the reason, a fixed phrase.
    """
    op = cells.get(OP, "upsert")
    make = _OPERATIONS.get(op) if isinstance(op, str) else None
    if make is None:
        raise BadRow(f"op is none of {', '.join(_OPERATIONS)}")
    return make({name: cell for name, cell in cells.items() if name != OP})


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
    return Upsert(read_fields(cells).item())


def _update(cells: Cells) -> Change:
    given = read_fields(cells)
    if cells.keys() <= {"id"}:
        raise BadRow("an update without a field to change")
    return Update(given)


def _delete(cells: Cells) -> Change:
    # What else the line says is the item as it was (many a change feed sends it): nothing to check.
    return Delete(identity(cells.get("id")))


_OPERATIONS: Final[Mapping[str, Callable[[Cells], Change]]] = {
    "upsert": _upsert,
    "update": _update,
    "delete": _delete,
}
