"""Feeds for Google Merchant Center and the catalogues of Meta, which share most of their fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from aisle.catalogue.exports.base import ExportKind, Place, RowRole, Variants
from aisle.catalogue.exports.cells import objects, split, text, texts, with_attributes
from aisle.catalogue.rejects import Cells

# Of several colours the feed gives up to three: "Red/Blue".
_SEVERAL: Final = {"color": "/", "material": "/"}
_NUMBERED: Final = re.compile(
    r"^(image|video|style|additional image link|product tags?) (\d+)(?: (url|tag \d+))?$"
)


class GoogleFeed(ExportKind):
    """A feed for Google Merchant Center, as XML or text: rows of one ``item_group_id`` are variants."""

    name = "google"
    title = "Google Merchant feed"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("id",),
        "title": ("title",),
        "text": ("description", "structured description", "product highlight"),
        "group": ("item group id",),
        "brand": ("brand",),
        "categories": ("product type", "google product category"),
        "price": ("sale price", "price"),
        "list_price": ("price",),
        "images": ("image link", "additional image link"),
        "url": ("link", "canonical link"),
        "identifiers": ("gtin", "mpn", "id"),
        "stock": ("quantity", "inventory", "quantity to sell on facebook", "sell on google quantity"),
        "available": ("availability",),
    }
    no_facets = frozenset(
        (
            "mobile link",
            "ads *",
            "adwords *",
            "custom label*",
            "custom number*",
            "shipping*",
            "tax*",
            "availability date",
            "sale price effective date",
            "cost of goods sold",
            "expiration date",
            "identifier exists",
            "excluded destination",
            "included destination",
            "shopping ads excluded country",
            "promotion id",
            "unit pricing *",
            "installment*",
            "subscription cost",
            "loyalty *",
            "min handling time",
            "max handling time",
            "transit time label",
            "is bundle",
            "adult",
            "pause",
            "return policy label",
            "lifestyle image link",
            "virtual model link",
            "certification",
            "free shipping threshold",
            "product detail*",
            "fb product category",
            "visibility",
            "status",
            "image",
            "video*",
            "product tags*",
            "origin country",
            "importer *",
            "manufacturer info",
            "wa compliance category",
            "commerce tax category",
            "rich text description",
            "google product category",
        )
    )
    variants = Variants.SEPARATE
    whole_rows = True

    def recognises(self, columns: frozenset[str]) -> bool:
        """Id and title, and what only such feeds hold."""
        columns = frozenset(column.removeprefix("g ") for column in columns)
        return {"id", "title"} <= columns and (
            bool(columns & {"item group id", "google product category", "additional image link"})
            or {"link", "image link"} <= columns
            or {"availability", "image link"} <= columns
        )

    def attribute(self, column: str) -> str:
        """Without the prefix of its XML names."""
        return column.removeprefix("g:")

    def cells(self, cells: Cells) -> Cells:
        """Lists for what may be several; numbered categories, which name nothing, are left away."""
        made: Cells = {column.removeprefix("g "): value for column, value in cells.items()}
        attributes: dict[str, list[str]] = {
            column: split(made.pop(column), mark)
            for column, mark in _SEVERAL.items()
            if isinstance(made.get(column), str)
        }
        for name, value in _details(made.get("product detail")):
            attributes.setdefault(name, []).append(value)
        if not text(made, "title"):
            made["title"] = _structured(made.get("structured title"))
        category = text(made, "google product category", "fb product category")
        made["google product category"] = "" if category.isdigit() else category
        return with_attributes(made, attributes)

    def role(self, cells: Cells) -> RowRole:
        """By its group; Meta can hide an item."""
        group = text(cells, "item group id")
        left_out = _hidden(cells)
        return RowRole(Place.VARIANT, group, left_out=left_out) if group else RowRole(left_out=left_out)


def _structured(value: object) -> str:
    """A text that a model wrote says so before it: ``trained_algorithmic_media:"Mug"``."""
    for one in objects(value):
        return text(one, "content")
    written = "".join(texts(value))
    return written.split(":", 1)[-1].strip().strip('"')


def _hidden(cells: Cells) -> str:
    if text(cells, "visibility").casefold() in ("hidden", "staging", "whitelist_only"):
        return "hidden"
    status = text(cells, "status").casefold()
    return status if status in ("archived", "inactive") else ""


def _details(value: object) -> list[tuple[str, str]]:
    """``General:Weave:Twill`` or an object of section, name and value."""
    found = [
        (text(one, "attribute_name", "g:attribute_name"), text(one, "attribute_value", "g:attribute_value"))
        for one in objects(value)
    ]
    for one in texts(value):
        for detail in split(one, ","):
            parts = split(detail, ":")
            if len(parts) == 3:
                found.append((parts[1], parts[2]))
    return [(name, value) for name, value in found if name and value]


class MetaCatalogue(GoogleFeed):
    """A catalogue of Meta (Facebook, Instagram)."""

    name = "meta"
    title = "Meta catalogue"

    def recognises(self, columns: frozenset[str]) -> bool:
        """Id and title, and a field that only Meta has."""
        return (
            "title" in columns
            and bool(columns & {"id", "retailer id"})
            and bool(
                columns
                & {
                    "fb product category",
                    "quantity to sell on facebook",
                    "image 0 url",
                    "rich text description",
                    "retailer id",
                }
            )
        )

    def cells(self, cells: Cells) -> Cells:
        """Numbered columns such as ``image[0].url`` as lists."""
        made: Cells = {}
        images: list[str] = []
        for column, value in cells.items():
            numbered = _NUMBERED.match(column)
            if numbered is None:
                made[column] = value
            elif numbered[1] == "image" and numbered[3] == "url":
                images += texts(value)
            elif numbered[1] == "additional image link":
                made.setdefault("additional image link", [])
                if isinstance(made["additional image link"], list):
                    made["additional image link"] += texts(value)
            elif numbered[1] == "style":
                made.setdefault("style", value)
        if images:
            made["image link"] = images
        if "retailer id" in made:
            # What the API calls the shop's own id; its `id` is Meta's.
            made["id"] = made.pop("retailer id")
        return super().cells(made)
