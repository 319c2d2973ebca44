"""Wix Stores: the CSV of the catalogue, old and new headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from aisle.catalogue.exports.base import NO_PRODUCT, ExportKind, Place, RowRole, Variants
from aisle.catalogue.exports.cells import amount, denied, split, text, with_attributes
from aisle.catalogue.rejects import Cells

_OPTIONS: Final = range(1, 7)
_PLACES: Final = {"product": Place.PRODUCT, "variant": Place.VARIANT}
# Of a colour the code stands before its name: "#b81616:Red", "rgb(193,180,123):Cream".
_COLOUR: Final = re.compile(r"^\s*(?:#[0-9A-Fa-f]{3,8}|rgba?\([^)]*\))\s*:\s*")
_CHOICES: Final = re.compile(r";(?![^()]*\))")
_PLACEHOLDER: Final = re.compile(r"^wix:image://v1/([^/]+)/")
_MEDIA: Final = "https://static.wixstatic.com/media/"


class Wix(ExportKind):
    """A row for the product, one for each variant, in the new catalogue one for each picture."""

    name = "wix"
    title = "Wix product export"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("handleid", "handle"),
        "title": ("name",),
        "text": ("description", "plaindescription", "more text"),
        "brand": ("brand",),
        "categories": ("collection",),
        "price": ("price now", "price"),
        "list_price": ("strikethroughprice", "price before"),
        "images": ("productimageurl", "media"),
        "identifiers": ("sku", "barcode"),
        "stock": ("inventory",),
        "available": ("in stock",),
    }
    no_facets = frozenset(
        (
            "fieldtype",
            "productoption*",
            "additionalinfo*",
            "customtext*",
            "modifier*",
            "visible",
            "discount*",
            "surcharge",
            "inventory",
            "cost",
            "media*",
            "productimageurl",
            "baseunit*",
            "totalunits*",
            "preorder*",
            "collection",
            "price *",
            "more text",
            "weight",
        )
    )
    sources: Mapping[str, tuple[str, ...]] = {
        "price now": ("price", "surcharge", "discountvalue"),
        "price before": ("price", "surcharge"),
        "in stock": ("inventory",),
        "more text": ("additionalinfodescription*",),
    }
    variants = Variants.MERGED
    whole_rows = False

    def recognises(self, columns: frozenset[str]) -> bool:
        """The handle, and what kind of row it is."""
        return "fieldtype" in columns and bool(columns & {"handleid", "handle"})

    def cells(self, cells: Cells) -> Cells:
        """Lists of pictures and collections, prices after the discount, stock apart from words on it."""
        held = text(cells, "inventory")
        number = amount(cells, "inventory")
        made: Cells = {
            **cells,
            **{
                column: [_address(image) for image in split(cells.get(column), ";")]
                for column in ("productimageurl", "media")
            },
            "collection": [[one] for one in split(cells.get("collection"), ";")],
            "more text": [
                f"{title}: {info}" if (title := text(cells, f"additionalinfotitle{n}")) else info
                for n in _OPTIONS
                if (info := text(cells, f"additionalinfodescription{n}"))
            ],
            "inventory": number,
            "in stock": number > 0 if number is not None else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", held),
        }
        full, now = amount(cells, "price"), _discounted(amount(cells, "price"), cells)
        if full is not None and now is not None and now < full:
            made |= {"price now": now, "price before": full}
        return with_attributes(made, _options(cells, cells))

    def role(self, cells: Cells) -> RowRole:
        """By the kind of row."""
        handle = text(cells, "handleid", "handle")
        place = _PLACES.get(text(cells, "fieldtype").casefold(), Place.MORE)
        left_out = "hidden" if denied(cells, "visible") else ""
        if place is Place.PRODUCT:
            return RowRole(place, handle, left_out=left_out) if handle else RowRole(left_out=left_out)
        values = [value for n in _OPTIONS for value in _values(cells, n)]
        return RowRole(
            place, handle, variant="-".join((handle, *values)), left_out=left_out, orphan=NO_PRODUCT
        )

    def completed(self, cells: Cells, product: Cells) -> Cells:
        """A variant costs what its product does, and its surcharge; only the product names the options."""
        if text(cells, "fieldtype").casefold() != "variant":
            return cells
        made = with_attributes(cells, _options(cells, product))
        base = amount(product, "price")
        if text(cells, "price") or base is None:
            return made
        full = base + (amount(cells, "surcharge") or 0.0)
        now = _discounted(full, product)
        return {**made, "price": full, **({"price now": now, "price before": full} if now != full else {})}


def _options(cells: Cells, product: Cells) -> dict[str, Any]:
    return {
        text(product, f"productoptionname{n}"): _values(cells, n)
        for n in _OPTIONS
        if text(product, f"productoptionname{n}")
    }


def _values(cells: Cells, number: int) -> list[str]:
    choices = text(cells, f"productoptiondescription{number}", f"productoptionchoices{number}")
    return [value for one in _CHOICES.split(choices) if (value := _COLOUR.sub("", one).strip())]


def _address(image: str) -> str:
    """A picture without a host lies at Wix's own."""
    inner = _PLACEHOLDER.match(image)
    name = inner[1] if inner else image
    return name if "/" in name else _MEDIA + name


def _discounted(full: float | None, product: Cells) -> float | None:
    off = amount(product, "discountvalue")
    if full is None or not off or off < 0:
        return full
    percent = text(product, "discountmode").casefold() == "percent"
    left = full * (1 - off / 100) if percent else full - off
    return round(left, 2) if left > 0 else full
