"""WooCommerce: the CSV of its exporter, in the languages it speaks, and the REST API's JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from aisle.catalogue.exports.base import NO_PRODUCT, ExportKind, Place, RowRole, Variants
from aisle.catalogue.exports.cells import denied, objects, split, text, texts, with_attributes
from aisle.catalogue.exports.woocommerce_headers import ENGLISH, HEADINGS
from aisle.catalogue.rejects import Cells

_NUMBER: Final = re.compile(r"\d+")
# What a heading such as "Nom de l'attribut 1" is about.
_ATTRIBUTE: Final = re.compile(
    r"\b(?:attribut|atribut|atrybut|eigenschap|egenskab|egenskap|kenmerk|атт?рибут)"
)
_PARTS: Final = {
    "name": re.compile(r"\b(?:name|nam|nom|nombre|naam|nome|nazwa|namn|navn|nume|имя|назван)"),
    "values": re.compile(r"\b(?:value|wert|valeur|valor|waarde|wartoś|värde|værdi|verdi|valoare|значени)"),
}
_LEFT_OUT: Final = {"hidden": "hidden"}
_TYPES: Final = {"variation": Place.VARIANT, "variable": Place.PRODUCT}


@lru_cache(maxsize=4_096)
def english(column: str) -> str:
    """The folded English heading: ``regulärer preis`` is ``regular price``."""
    if column in ENGLISH:
        return ENGLISH[column]
    number = _NUMBER.search(column)
    if number is None or not _ATTRIBUTE.search(column):
        return column
    for part, words in _PARTS.items():
        if words.search(column):
            return f"attribute {number[0]} {part}"
    return f"attribute {number[0]} setting"


# What the columns that are made of the APIs' objects come from; the rest is in `HEADINGS`.
_SOURCES: Final = {
    **HEADINGS,
    "in stock": (*HEADINGS["in stock"], "stock status", "is in stock"),
    "stock": (*HEADINGS["stock"], "stock quantity"),
    "gtin upc ean or isbn": (*HEADINGS["gtin upc ean or isbn"], "global unique id"),
    "sale price": (*HEADINGS["sale price"], "prices"),
    "regular price": (*HEADINGS["regular price"], "prices"),
    "currency": ("prices",),
    "popularity": ("total sales",),
    "rating": ("average rating",),
    "added": ("date created",),
}


class WooCommerceCsv(ExportKind):
    """The CSV of the exporter: variations name their variable product as ``id:44`` or by its SKU."""

    name = "woocommerce"
    title = "WooCommerce product export"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("id",),
        "title": ("name",),
        "text": ("short description", "description"),
        "brand": ("brands", "brand"),
        "categories": ("categories",),
        "price": ("sale price", "regular price", "price"),
        "list_price": ("regular price",),
        "images": ("images",),
        "identifiers": ("sku", "gtin upc ean or isbn", "meta global unique id"),
        "url": ("permalink", "external url"),
        "currency": ("currency",),
        "stock": ("stock",),
        "available": ("in stock",),
        "popularity": ("popularity",),
        "rating": ("rating",),
        "added": ("added",),
    }
    no_facets = frozenset(
        (
            "meta *",
            "attribute *",
            "type",
            "published",
            "is featured",
            "visibility in catalog",
            "date sale price *",
            "tax status",
            "tax class",
            "low stock amount",
            "backorders allowed",
            "sold individually",
            "allow customer reviews",
            "purchase note",
            "shipping class",
            "download *",
            "parent",
            "grouped products",
            "upsells",
            "cross sells",
            "button text",
            "position",
            "swatches attributes",
        )
    )
    sources: Mapping[str, tuple[str, ...]] = _SOURCES
    variants = Variants.MERGED
    whole_rows = False

    def recognises(self, columns: frozenset[str]) -> bool:
        """A name, and at least three headings that the exporter writes, in any of its languages."""
        known = {english(column) for column in columns}
        return "name" in known and len(known & _TELLING) >= 3 and not columns & _OTHERS

    def cells(self, cells: Cells) -> Cells:
        """English headings; numbered attributes by their names."""
        made: Cells = {}
        numbered: dict[str, dict[str, str]] = {}
        for column, value in cells.items():
            name = english(column)
            if name.startswith("attribute "):
                _, number, part = name.split(" ", 2)
                numbered.setdefault(number, {})[part] = text(cells, column)
            elif name == "tags":
                # Under its own name: it is shown.
                made[column] = split(value, ",")
            elif made.get(name) in (None, ""):
                made[name] = value
        attributes: dict[str, Any] = {
            _label(parts["name"]): split(parts.get("values", ""), ",")
            for parts in numbered.values()
            if parts.get("name")
        }
        for column in ("short description", "description"):
            if isinstance(made.get(column), str):
                # The exporter writes a break as two characters.
                made[column] = made[column].replace("\\r\\n", "\n").replace("\\n", "\n")
        # An apostrophe in front keeps spreadsheets from reading a formula.
        made["published"] = text(made, "published").removeprefix("'")
        made["sku"] = text(made, "sku").removeprefix("'")
        made["id"] = text(made, "id") or made["sku"]
        if (categories := made.get("categories")) is not None:
            made["categories"] = [split(path, ">") for path in split(categories, ",")]
        return with_attributes(made, attributes)

    def role(self, cells: Cells) -> RowRole:
        """By type and parent."""
        words = re.split(r"[^a-z]+", text(cells, "type").casefold())
        place = next((place for word, place in _TYPES.items() if word in words), Place.ALONE)
        left_out = (
            "draft" if text(cells, "published") == "-1" else "private" if denied(cells, "published") else ""
        )
        left_out = left_out or _LEFT_OUT.get(text(cells, "visibility in catalog").casefold(), "")
        if place is Place.VARIANT:
            return RowRole(place, text(cells, "parent"), left_out=left_out, orphan=NO_PRODUCT)
        if place is Place.ALONE:
            return RowRole(left_out=left_out)
        id_, sku = text(cells, "id"), text(cells, "sku")
        return RowRole(place, f"id:{id_}" if id_ else sku, also=(sku,) if sku else (), left_out=left_out)


# BigCommerce and others use some of the same words.
_OTHERS: Final = frozenset(("item", "item type", "inventory tracking", "handle", "handleid"))
_TELLING: Final = frozenset(
    (
        "published",
        "is featured",
        "visibility in catalog",
        "short description",
        "date sale price starts",
        "date sale price ends",
        "tax status",
        "tax class",
        "in stock",
        "low stock amount",
        "backorders allowed",
        "sold individually",
        "allow customer reviews",
        "purchase note",
        "sale price",
        "regular price",
        "shipping class",
        "download limit",
        "grouped products",
        "attribute 1 name",
        "attribute 1 values",
    )
)


def _label(name: str) -> str:
    """Of a global attribute some exports write the taxonomy, ``pa_colour``."""
    return name.removeprefix("pa_")


_STATUS: Final = {
    "publish": "1",
    "draft": "-1",
    "pending": "-1",
    "future": "-1",
    "trash": "-1",
    "private": "0",
}


class WooCommerceRest(WooCommerceCsv):
    """Products as the REST API gives them; the store API's prices are in minor units."""

    title = "WooCommerce products from the REST API"

    def recognises(self, columns: frozenset[str]) -> bool:
        """What the two APIs always send."""
        return {"id", "name"} <= columns and (
            {"catalog visibility", "stock status"} <= columns
            or {"permalink", "prices", "is in stock"} <= columns
            or {"parent id", "stock status", "regular price"} <= columns
        )

    def cells(self, cells: Cells) -> Cells:
        """The headings of the CSV."""
        parent = text(cells, "parent id")
        made: Cells = {
            name: cells[name]
            for name in ("id", "sku", "name", "type", "permalink", "short description", "description")
            if name in cells
        }
        made |= {
            "published": _STATUS.get(text(cells, "status"), ""),
            "visibility in catalog": text(cells, "catalog visibility"),
            "parent": f"id:{parent}" if parent not in ("", "0") else "",
            "brands": texts(cells.get("brands"), "name"),
            "categories": [[name] for name in texts(cells.get("categories"), "name")],
            "images": texts(cells.get("images", cells.get("image")), "src"),
            "gtin upc ean or isbn": text(cells, "global unique id"),
            "stock": cells.get("stock quantity"),
            "in stock": text(cells, "stock status", "is in stock"),
            "popularity": cells.get("total sales"),
            "added": cells.get("date created"),
            **_prices(cells),
        }
        if text(cells, "rating count", "review count") not in ("", "0"):
            made["rating"] = cells.get("average rating")
        if parent not in ("", "0") and not text(cells, "type"):
            made["type"] = "variation"
        attributes: dict[str, Any] = {
            _label(text(one, "name")): [
                *texts(one.get("options")),
                *texts(one.get("option")),
                *texts(one.get("terms"), "name"),
            ]
            for one in objects(cells.get("attributes"))
        }
        return with_attributes(made, {**attributes, "Tags": texts(cells.get("tags"), "name")})


def _prices(cells: Cells) -> Cells:
    prices = cells.get("prices")
    if not isinstance(prices, dict):
        return {name: cells.get(name) for name in ("sale price", "regular price", "price")}
    digits = text(prices, "currency_minor_unit")
    unit = 10 ** int(digits) if digits in ("0", "1", "2", "3", "4") else 100

    def major(name: str) -> object:
        amount = text(prices, name)
        return int(amount) / unit if amount.isascii() and amount.isdigit() else amount

    return {
        "sale price": major("sale_price"),
        "regular price": major("regular_price"),
        "price": major("price"),
        "currency": text(prices, "currency_code"),
    }
