"""Shopify: the CSV of the admin, old and new headers, and products.json."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from aisle.catalogue.exports.base import ExportKind, Place, RowRole, Variants
from aisle.catalogue.exports.cells import amount, denied, split, text, with_attributes
from aisle.catalogue.rejects import Cells

_OPTIONS: Final = (1, 2, 3)
_METAFIELD: Final = re.compile(r"^(.*?)\s*\((?:product|variant)\.metafields\.[^)]*\)$", re.IGNORECASE)
_RECOMMENDED: Final = re.compile(r" metafields (?:shopify discovery|mm google shopping|reviews)\b")
_CODES: Final = ("variant sku", "sku", "variant barcode", "barcode")
_NO_OPTION: Final = ("title", "default title")
_HIDDEN: Final = {"draft": "draft", "archived": "archived", "unlisted": "unlisted"}


class ShopifyCsv(ExportKind):
    """The CSV of the admin: the first row of a handle holds the product and its first variant."""

    name = "shopify"
    title = "Shopify product export"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("handle", "url handle"),
        "title": ("title",),
        "text": ("body html", "description", "body"),
        "brand": ("vendor",),
        "categories": ("product category", "type", "custom product type", "custom collections"),
        "price": ("variant price", "price"),
        "list_price": ("variant compare at price", "compare at price"),
        "images": ("image src", "product image url", "variant image", "variant image url"),
        "identifiers": ("variant sku", "sku", "variant barcode", "barcode", "google shopping mpn"),
        "stock": ("variant inventory qty", "inventory quantity"),
        "available": ("available",),
    }
    no_facets = frozenset(
        (
            "option*",
            "variant *",
            "image *",
            "seo *",
            "google shopping *",
            "included *",
            "price *",
            "compare at price *",
            "unit price *",
            "inventory *",
            "weight *",
            "gift card",
            "published*",
            "status",
            "cost per item",
            "charge tax",
            "tax code",
            "requires shipping",
            "fulfillment service",
            "continue selling when out of stock",
            "command",
            "top row",
            "row",
        )
    )
    sources: Mapping[str, tuple[str, ...]] = {
        "available": (
            "variant inventory qty",
            "variant inventory policy",
            "inventory quantity",
            "continue selling when out of stock",
        )
    }
    variants = Variants.MERGED
    whole_rows = False

    def recognises(self, columns: frozenset[str]) -> bool:
        """Handle and title, and a column that only Shopify names so."""
        return (
            bool(columns & {"handle", "url handle"})
            and "title" in columns
            and bool(
                columns
                & {"option1 name", "option1 value", "variant sku", "variant price", "body html", "image src"}
                | (columns & {"published on online store", "product image url"})
            )
        )

    def attribute(self, column: str) -> str:
        """``Colour (product.metafields.custom.colour)`` is Colour."""
        found = _METAFIELD.match(column)
        return found[1] if found and found[1] else column

    def cells(self, cells: Cells) -> Cells:
        """Options by number, until `completed` names them; tags and metafields as lists."""
        made: Cells = {}
        for column, value in cells.items():
            mark = _separator(column)
            if mark and isinstance(value, str):
                made[column] = split(value, mark)
            elif mark is not None:
                made[column] = value
        for column in _CODES:
            # An apostrophe in front keeps spreadsheets from reading a number.
            if (code := text(cells, column)).startswith("'"):
                made[column] = code.strip("'")
        google = {
            "Gender": text(cells, "google shopping gender"),
            "Age group": text(cells, "google shopping age group"),
        }
        return with_attributes({**made, **_at_hand(cells)}, google)

    def role(self, cells: Cells) -> RowRole:
        """The row that has a title leads its handle."""
        handle = text(cells, "handle", "url handle")
        values = [value for n in _OPTIONS if (value := text(cells, f"option{n} value"))]
        sku = text(cells, "variant sku", "sku")
        if text(cells, "title"):
            place = Place.FIRST
        elif values or sku or text(cells, "variant price", "price"):
            place = Place.VARIANT
        else:
            place = Place.MORE
        if not handle:
            return RowRole()
        left_out = _HIDDEN.get(text(cells, "status").casefold(), "")
        if denied(cells, "published", "published on online store"):
            left_out = left_out or "not published"
        variant = sku or "-".join((handle, *(v for v in values if v.casefold() not in _NO_OPTION)))
        position = int(amount(cells, "image position") or 0) if place is Place.MORE else 0
        return RowRole(place, handle, position=position, variant=variant, left_out=left_out)

    def completed(self, cells: Cells, product: Cells) -> Cells:
        """Only the first row names the options."""
        options: dict[str, Any] = {}
        for n in _OPTIONS:
            name = text(cells, f"option{n} name") or text(product, f"option{n} name") or f"Option {n}"
            value = text(cells, f"option{n} value")
            if (name.casefold(), value.casefold()) != _NO_OPTION:
                options[name] = value
        return with_attributes(cells, options)


@lru_cache(maxsize=4_096)
def _separator(column: str) -> str | None:
    """What separates the values of a column; empty if it holds one, None if it tells shoppers nothing."""
    if _RECOMMENDED.search(column):
        return None
    return "," if column == "tags" else ";" if " metafields " in column else ""


def _at_hand(cells: Cells) -> Cells:
    """Whether it can be bought: also without stock, where the shop sells on or does not count."""
    columns = ("variant inventory qty", "inventory quantity")
    held = text(cells, *columns)
    trackers = [c for c in ("variant inventory tracker", "inventory tracker") if c in cells]
    if not held or not trackers:
        return {}
    policy = text(cells, "variant inventory policy", "continue selling when out of stock")
    sold_on = policy.casefold() == "continue" or (
        policy.casefold() != "deny" and bool(policy) and not denied({"": policy}, "")
    )
    stock = amount(cells, *columns) or 0.0
    # What was sold beyond the stock stands as a negative one, which is no amount.
    shown = {column: stock for column in columns if column in cells}
    return {**shown, "available": not text(cells, *trackers) or sold_on or stock > 0}
