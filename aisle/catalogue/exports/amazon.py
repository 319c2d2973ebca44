"""Amazon Seller Central: inventory templates ("flat files") and the report of all listings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from aisle.catalogue.exports.base import ExportKind, Place, RowRole, Variants
from aisle.catalogue.exports.cells import text, with_attributes, without
from aisle.catalogue.rejects import Cells

# Newer templates write contribution_sku#1.value, item_name[marketplace_id=A1PA][language_tag=de_DE]#1.value
_MARKET: Final = re.compile(r" (?:marketplace id \w+|language tag \w+(?: [a-z]{2})?|audience \w+)(?= |$)")
_COUNT: Final = re.compile(r" (\d+)(?: value)?$")
_NEW: Final = {
    "contribution sku": "item sku",
    "brand": "brand name",
    "parentage level": "parent child",
    "child parent sku relationship 1 parent sku": "parent sku",
    "amzn1 volt ca product id value": "external product id",
    "main product image locator 1 media location": "main image url",
    "record action": "update delete",
}
_OPTIONS: Final = {"color name": "Color", "size name": "Size", "colour name": "Colour", "style name": "Style"}


@lru_cache(maxsize=4_096)
def _name(column: str) -> str:
    plain = _MARKET.sub("", column)
    single = _COUNT.sub(lambda found: "" if found[1] == "1" else f" {found[1]}", plain)
    return _NEW.get(
        single, _NEW.get(plain, single if plain != column or plain.endswith(" value") else column)
    )


class AmazonTemplate(ExportKind):
    """Rows of parents, which cannot be bought, and of the children that name them."""

    name = "amazon"
    title = "Amazon inventory template"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("item sku", "sku"),
        "title": ("item name", "title"),
        "text": ("product description", "bullet points"),
        "brand": ("brand name", "brand", "manufacturer"),
        "categories": ("feed product type", "product type", "item type name"),
        "price": ("sale price", "standard price", "price"),
        "list_price": ("list price", "standard price"),
        "images": ("main image url", "other images"),
        "identifiers": ("item sku", "external product id", "part number", "model", "model number"),
        "stock": ("quantity", "fulfillment availability 1 quantity"),
        "added": ("product site launch date", "launch date"),
    }
    no_facets = frozenset(
        (
            "bullet point*",
            "other image*",
            "swatch image*",
            "main image*",
            "parent child",
            "parent sku",
            "relationship type",
            "variation theme",
            "update delete",
            "external product id type",
            "generic keywords*",
            "item type",
            "condition type",
            "fulfillment *",
            "sale from date",
            "sale end date",
            "currency",
            "quantity",
            "browse *",
            "recommended browse *",
            "merchant shipping *",
            "max order *",
            "offering *",
            "product tax code",
            "handling time",
            "list price *",
            "purchasable offer *",
            "are batteries included",
            "batteries *",
            "supplier declared *",
            "child parent *",
            "ghs *",
        )
    )
    sources: Mapping[str, tuple[str, ...]] = {
        "bullet points": ("bullet point*",),
        "other images": ("other image url*", "other product image locator*"),
        "item sku": ("contribution sku*",),
        "item name": ("item name*",),
        "brand name": ("brand*",),
        "product description": ("product description*",),
        "main image url": ("main product image locator*",),
    }
    variants = Variants.MERGED
    whole_rows = False

    def recognises(self, columns: frozenset[str]) -> bool:
        """The SKU and the name as only these templates call them."""
        names = {_name(column) for column in columns}
        return {"item sku", "item name"} <= names

    def cells(self, cells: Cells) -> Cells:
        """One name for each column of old and new templates; what is numbered as lists."""
        made: Cells = {}
        bullets, images = [], []
        for column, value in cells.items():
            name = _name(column)
            found = text(cells, column)
            if name.startswith("bullet point") and found:
                bullets.append(found)
            elif name.startswith(("other image url", "other product image locator")) and found:
                images.append(found)
            elif made.get(name) in (None, ""):
                made[name] = value
        made |= {"bullet points": bullets, "other images": images}
        attributes: dict[str, Any] = {shown: text(made, name) for name, shown in _OPTIONS.items()}
        return with_attributes(without(made, _OPTIONS), attributes)

    def attribute(self, column: str) -> str:
        """``material_type`` is material type."""
        return column.split("[", maxsplit=1)[0].split("#", maxsplit=1)[0].replace("_", " ")

    def role(self, cells: Cells) -> RowRole:
        """By parentage; a child whose parent is not there stands for itself."""
        sku, parent = text(cells, "item sku", "sku"), text(cells, "parent sku")
        deleted = text(cells, "update delete").casefold() == "delete"
        left_out = "deleted" if deleted else ""
        if text(cells, "parent child").casefold() == "parent":
            return RowRole(Place.PRODUCT, sku, left_out=left_out) if sku else RowRole(left_out=left_out)
        return RowRole(Place.VARIANT, parent, left_out=left_out) if parent else RowRole(left_out=left_out)


_DAY_FIRST: Final = re.compile(r"(\d\d)/(\d\d)/(\d{4})\b")
_LIVE: Final = ("", "active")


class AmazonListings(ExportKind):
    """The report of all listings: one offer a row."""

    name = "amazon"
    title = "Amazon listings report"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("seller sku",),
        "title": ("item name",),
        "text": ("item description",),
        "price": ("price",),
        "images": ("image url",),
        "identifiers": ("seller sku", "asin1", "asin2", "asin3", "product id"),
        "stock": ("quantity",),
        "added": ("open date",),
    }
    no_facets = frozenset(("*",))

    def recognises(self, columns: frozenset[str]) -> bool:
        """The seller's SKU beside Amazon's own numbers."""
        return {"seller sku", "item name"} <= columns and bool(columns & {"asin1", "listing id"})

    def cells(self, cells: Cells) -> Cells:
        """Where dates are written with strokes, the day comes first."""
        found = _DAY_FIRST.match(text(cells, "open date"))
        return {**cells, "open date": f"{found[3]}-{found[2]}-{found[1]}"} if found else cells

    def role(self, cells: Cells) -> RowRole:
        """Listings that are not active are left out."""
        status = text(cells, "status").casefold()
        return RowRole(left_out="" if status in _LIVE else status[:40])
