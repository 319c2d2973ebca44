"""More shop software and marketplaces: Lightspeed, Ecwid, eBay, OpenCart, Zen Cart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from aisle.catalogue.exports.base import NO_PRODUCT, ExportKind, Place, RowRole, Variants
from aisle.catalogue.exports.cells import amount, denied, split, text, with_attributes
from aisle.catalogue.rejects import Cells


class Lightspeed(ExportKind):
    """Lightspeed (Vend): a row for each variant, with what they share said again; one handle for all."""

    name = "lightspeed"
    title = "Lightspeed product export"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("id", "sku"),
        "title": ("name",),
        "text": ("description",),
        "brand": ("brand name",),
        "categories": ("product category",),
        "price": ("retail price",),
        "identifiers": ("sku", "supplier code"),
        "stock": ("inventory of all outlets",),
    }
    no_facets = frozenset(
        (
            "handle",
            "composite *",
            "variant option *",
            "supply price",
            "loyalty value",
            "tax *",
            "account code*",
            "supplier *",
            "active",
            "track inventory",
            "inventory *",
            "reorder *",
        )
    )
    sources: Mapping[str, tuple[str, ...]] = {"inventory of all outlets": ("inventory *",)}
    variants = Variants.MERGED
    whole_rows = True

    def recognises(self, columns: frozenset[str]) -> bool:
        """Handle and retail price, and options by word."""
        return {"handle", "name", "retail price"} <= columns and bool(
            columns & {"variant option one name", "supply price", "composite name"}
        )

    def cells(self, cells: Cells) -> Cells:
        """Options as attributes; the stock of all outlets; a name without the options behind it."""
        options: dict[str, Any] = {
            text(cells, f"variant option {n} name"): text(cells, f"variant option {n} value")
            for n in ("one", "two", "three")
        }
        held = [
            n
            for column in cells
            if column.startswith("inventory ") and (n := amount(cells, column)) is not None
        ]
        name = text(cells, "name")
        behind = " / ".join(value for value in options.values() if value)
        made = {
            **cells,
            "name": name.removesuffix(f" / {behind}") if behind else name,
            "tags": split(cells.get("tags"), ","),
            "inventory of all outlets": sum(held) if held else None,
        }
        return with_attributes(made, options)

    def role(self, cells: Cells) -> RowRole:
        """By the handle."""
        left_out = "not active" if denied(cells, "active") else ""
        handle = text(cells, "handle")
        return RowRole(Place.VARIANT, handle, left_out=left_out) if handle else RowRole(left_out=left_out)


_ECWID: Final = {
    "product": Place.PRODUCT,
    "product_variation": Place.VARIANT,
}
_VARIATION_OPTION: Final = re.compile(r"^product variation option (.+)$")
_GALLERY: Final = re.compile(r"^product media gallery image url \d+$")
_CATEGORY: Final = re.compile(r"^product category \d+$")


class Ecwid(ExportKind):
    """Ecwid: rows of products, of their options and of their variations, by one number."""

    name = "ecwid"
    title = "Ecwid product export"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("product internal id", "product sku"),
        "title": ("product name",),
        "text": ("product description",),
        "brand": ("product brand",),
        "categories": ("product categories",),
        "price": ("product variation price", "product price"),
        "list_price": ("product compare to price",),
        "images": (
            "product media main image url",
            "product media gallery images",
            "product variation media main image url",
        ),
        "identifiers": ("product variation sku", "product sku", "product upc"),
        "stock": ("product quantity",),
    }
    no_facets = frozenset(("*",))
    sources: Mapping[str, tuple[str, ...]] = {
        "product categories": ("product category *",),
        "product media gallery images": ("product media gallery image url *",),
    }
    variants = Variants.MERGED
    whole_rows = False

    def recognises(self, columns: frozenset[str]) -> bool:
        """The kind of row, and the number of the product."""
        return {"type", "product internal id", "product name"} <= columns

    def cells(self, cells: Cells) -> Cells:
        """Options by name, categories and pictures as lists."""
        attributes: dict[str, Any] = {
            found[1].capitalize(): text(cells, column)
            for column in cells
            if (found := _VARIATION_OPTION.match(column))
        }
        attributes[text(cells, "product option name")] = text(cells, "product option value")
        made = {
            **cells,
            "product categories": [
                split(value, "/")
                for column, value in cells.items()
                if _CATEGORY.match(column) and text(cells, column)
            ],
            "product media gallery images": [
                text(cells, c) for c in cells if _GALLERY.match(c) and text(cells, c)
            ],
        }
        return with_attributes(made, attributes)

    def role(self, cells: Cells) -> RowRole:
        """By the kind of row."""
        key = text(cells, "product internal id")
        place = _ECWID.get(text(cells, "type").casefold(), Place.MORE)
        if not key:
            return RowRole()
        if place is not Place.PRODUCT:
            return RowRole(place, key, variant=text(cells, "product variation sku"), orphan=NO_PRODUCT)
        hidden = denied(cells, "product is available")
        return RowRole(place, key, left_out="hidden" if hidden else "")


_DETAILS: Final = re.compile(r"([^=,\[\]]+)=([^\]]*?)(?=,[^=,\[\]]+=|\]|$)")


class Ebay(ExportKind):
    """eBay's report of active listings: a row for the listing, then one for each variation of it."""

    name = "ebay"
    title = "eBay active listings"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("item number",),
        "title": ("title",),
        "categories": ("ebay category 1 name", "ebay category 2 name"),
        "price": ("current price", "start price"),
        "currency": ("currency",),
        "identifiers": ("custom label sku", "product codes", "ebay product id epid"),
        "stock": ("available quantity",),
        "popularity": ("sold quantity",),
    }
    no_facets = frozenset(
        (
            "variation details",
            "format",
            "auction *",
            "reserve price",
            "watchers",
            "bids",
            "start date",
            "end date",
            "ebay *",
            "cd *",
            "p *",
            "listing site",
            "product codes",
        )
    )
    sources: Mapping[str, tuple[str, ...]] = {"product codes": ("p upc", "p ean", "p isbn")}
    variants = Variants.MERGED
    whole_rows = False

    def recognises(self, columns: frozenset[str]) -> bool:
        """The listing's number, and eBay's own categories."""
        return {"item number", "title"} <= columns and bool(
            columns & {"ebay category 1 name", "custom label sku", "variation details"}
        )

    def cells(self, cells: Cells) -> Cells:
        """``[Size=M,Color=Red]`` as attributes; codes, but for "Does not apply"."""
        codes = [text(cells, column) for column in ("p upc", "p ean", "p isbn")]
        details = _DETAILS.findall(text(cells, "variation details"))
        made = {**cells, "product codes": [code for code in codes if any(mark.isdigit() for mark in code)]}
        return with_attributes(made, {name.strip(): split(value, "|") for name, value in details})

    def role(self, cells: Cells) -> RowRole:
        """The row without details is that of the listing."""
        number = text(cells, "item number")
        if not number:
            return RowRole()
        details = text(cells, "variation details")
        if not details:
            return RowRole(Place.PRODUCT, number)
        own = text(cells, "custom label sku") or f"{number}-{details.strip('[]')}"
        return RowRole(Place.VARIANT, number, variant=own)


_OPENCART_NAME: Final = re.compile(r"^(name|description|tags) ([a-z]{2}(?: [a-z]{2})?)$")


class OpenCart(ExportKind):
    """OpenCart's export tool: names and texts by language, categories by number."""

    name = "opencart"
    title = "OpenCart product export"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("product id",),
        "title": ("name",),
        "text": ("description",),
        "brand": ("manufacturer",),
        "categories": ("categories",),
        "price": ("special", "price"),
        "list_price": ("price",),
        "images": ("image name", "image"),
        "identifiers": ("model", "sku", "upc", "ean", "jan", "isbn", "mpn"),
        "stock": ("quantity",),
        "added": ("date added",),
    }
    no_facets = frozenset(
        (
            "location",
            "shipping",
            "points",
            "date *",
            "weight*",
            "length*",
            "width",
            "height",
            "status",
            "tax class id",
            "seo *",
            "meta *",
            "stock status id",
            "store ids",
            "layout",
            "related ids",
            "tags *",
            "name *",
            "description *",
            "sort order",
            "subtract",
            "minimum",
            "viewed",
        )
    )

    sources: Mapping[str, tuple[str, ...]] = {
        "name": ("name *",),
        "description": ("description *",),
        "tags": ("tags *",),
    }

    def __init__(self, locale: str = "") -> None:
        self._locale = " ".join(re.split(r"[\W_]+", locale.casefold()))

    def in_locale(self, locale: str) -> OpenCart:
        """Texts of this language, such as ``de-de``; another one's where they are missing."""
        return OpenCart(locale)

    def attribute(self, column: str) -> str:
        """Without the language behind it: ``tags(en-gb)``."""
        return column.split("(", maxsplit=1)[0]

    def recognises(self, columns: frozenset[str]) -> bool:
        """The number, and columns that only OpenCart has."""
        named = any(_OPENCART_NAME.match(column) for column in columns)
        return (
            "product id" in columns
            and named
            and bool(columns & {"stock status id", "store ids", "image name"})
        )

    def cells(self, cells: Cells) -> Cells:
        """One name and one text: of the wanted language, else of English, else of any."""
        made = dict(cells)
        ranks: dict[str, int] = {}
        for column in cells:
            found = _OPENCART_NAME.match(column)
            if not found:
                continue
            del made[column]
            language = found[2][:2]
            rank = 0 if language == self._locale[:2] else 1 if language == "en" else 2
            if text(cells, column) and rank < ranks.get(found[1], 3):
                made[found[1]], ranks[found[1]] = text(cells, column), rank
        made["tags"] = split(made.get("tags"), ",")
        made["categories"] = [
            name for name in split(cells.get("categories"), ",") if not name.replace(" ", "").isdigit()
        ]
        return made

    def role(self, cells: Cells) -> RowRole:
        """What is switched off is left out."""
        return RowRole(left_out="disabled" if denied(cells, "status") else "")


_LEVEL: Final = re.compile(r"^v categories name (\d+)(?: (\d+))?$")


class ZenCart(ExportKind):
    """Zen Cart's Easy Populate: one column for each level of the categories."""

    name = "zencart"
    title = "Zen Cart product export"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("v products model",),
        "title": ("v products name 1", "v products name"),
        "text": ("v products description 1", "v products description"),
        "brand": ("v manufacturers name",),
        "categories": ("v categories",),
        "price": ("v specials price", "v products price"),
        "list_price": ("v products price",),
        "images": ("v products image",),
        "identifiers": ("v products model", "v products upc", "v products isbn"),
        "url": ("v products url 1",),
        "stock": ("v products quantity",),
        "added": ("v date added",),
    }
    no_facets = frozenset(("*",))
    sources: Mapping[str, tuple[str, ...]] = {"v categories": ("v categories name *",)}

    def recognises(self, columns: frozenset[str]) -> bool:
        """Its prefix."""
        return "v products model" in columns and any(c.startswith("v products name") for c in columns)

    def cells(self, cells: Cells) -> Cells:
        """The levels as one path."""
        levels = sorted(
            (int(found[1]), text(cells, column))
            for column in cells
            if (found := _LEVEL.match(column)) and found[2] in (None, "1")
        )
        path = [name for _, name in levels if name]
        return {**cells, "v categories": [path] if path else []}

    def role(self, cells: Cells) -> RowRole:
        """What is switched off is left out."""
        return RowRole(left_out="disabled" if denied(cells, "v status") else "")
