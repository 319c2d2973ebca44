"""Squarespace: the CSV of its products."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aisle.catalogue.exports.base import NO_PRODUCT, ExportKind, Place, RowRole, Variants
from aisle.catalogue.exports.cells import amount, denied, split, text, with_attributes
from aisle.catalogue.rejects import Cells

_OPTIONS: Final = range(1, 7)


class Squarespace(ExportKind):
    """The first row of a product holds all that is said of it and a variant; rows without a title follow."""

    name = "squarespace"
    title = "Squarespace product export"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("product id non editable", "product id", "product url", "sku"),
        "title": ("title",),
        "text": ("description",),
        "categories": ("categories",),
        "price": ("price now", "price"),
        "list_price": ("price",),
        "images": ("hosted image urls",),
        "identifiers": ("sku", "gtin", "mpn"),
        "stock": ("stock",),
        "available": ("available",),
    }
    no_facets = frozenset(
        (
            "product type*",
            "product page",
            "product url",
            "variant id*",
            "option *",
            "on sale",
            "sale price",
            "stock",
            "categories",
            "weight",
            "length",
            "width",
            "height",
            "visible",
            "hosted image urls",
        )
    )
    sources: Mapping[str, tuple[str, ...]] = {"price now": ("sale price",), "available": ("stock",)}
    variants = Variants.MERGED
    whole_rows = False

    def recognises(self, columns: frozenset[str]) -> bool:
        """The column of pictures, or the keys that must not be edited."""
        return "title" in columns and bool(
            columns & {"hosted image urls", "product id non editable", "variant id non editable"}
        )

    def cells(self, cells: Cells) -> Cells:
        """Lists; the reduced price only where it is on sale."""
        options: dict[str, Any] = {
            text(cells, f"option name {n}"): text(cells, f"option value {n}") for n in _OPTIONS
        }
        held, number = text(cells, "stock"), amount(cells, "stock")
        made: Cells = {
            **cells,
            "tags": split(cells.get("tags"), ","),
            "categories": [
                path
                for one in split(cells.get("categories"), ",")
                if (path := [name for name in split(one, "/") if name])
            ],
            "hosted image urls": text(cells, "hosted image urls").split(),
            "stock": number,
            "available": True
            if held.casefold() == "unlimited"
            else number > 0
            if number is not None
            else None,
        }
        if text(cells, "on sale") and not denied(cells, "on sale") and amount(cells, "sale price"):
            made["price now"] = cells.get("sale price")
        return with_attributes(made, options)

    def role(self, cells: Cells) -> RowRole:
        """A row without a title goes on with the product above."""
        key = text(cells, "product id non editable", "product id")
        variant = text(cells, "sku") or text(cells, "variant id non editable")
        if not text(cells, "title"):
            return RowRole(Place.VARIANT, key, variant=variant, orphan=NO_PRODUCT)
        key = key or text(cells, "product url", "sku")
        left_out = "hidden" if denied(cells, "visible") else ""
        return (
            RowRole(Place.FIRST, key, variant=variant, left_out=left_out)
            if key
            else RowRole(left_out=left_out)
        )
