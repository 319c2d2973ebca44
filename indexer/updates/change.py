"""What one line does to one item. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from records import Item


class NoSuchItem(ValueError):
    """A partial update of an item that is not in the catalogue."""


class Change(Protocol):
    """One change. Applying it twice in a row is applying it once: that makes every replay safe."""

    @property
    def id(self) -> str:
        """Of the item it changes."""

    def applied_to(self, before: Item | None, /) -> Item | None:
        """The item afterwards; None is "there is none".

        Raises:
            NoSuchItem: see there.
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
        fields: field of `records.Item` to its new value, checked; never ``id``.
        attributes: attribute to its new value; None removes it, those not named stay.
    """

    id: str
    fields: Mapping[str, Any]
    attributes: Mapping[str, str | None]

    def applied_to(self, before: Item | None, /) -> Item | None:
        """See `Change`."""
        if before is None:
            raise NoSuchItem(self.id)
        after = replace(before, **self.fields)
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
