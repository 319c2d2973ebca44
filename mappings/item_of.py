"""Document → Item: the inverse of ``indexer.document.document``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappings import fields
from records import Item


def item_of(id_: str, source: Mapping[str, Any]) -> Item:
    """The item that a stored document (its ``_id`` and ``_source``) was made from."""
    return Item(
        id=id_,
        title=source.get(fields.TITLE, ""),
        text=source.get(fields.TEXT, ""),
        brand=source.get(fields.BRAND, ""),
        category=source.get(fields.CATEGORY, ""),
        price=source.get(fields.PRICE),
        image=source.get(fields.IMAGE, ""),
        attributes=source.get(fields.ATTRIBUTES, {}),
    )
