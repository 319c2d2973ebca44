"""BigCommerce: the modern CSV, the one before it, and the API's JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aisle.catalogue.exports.base import NO_PRODUCT, ExportKind, Place, RowRole, Variants
from aisle.catalogue.exports.cells import (
    amount,
    denied,
    objects,
    split,
    text,
    texts,
    with_attributes,
    without,
)
from aisle.catalogue.rejects import Cells

_PLACES: Final = {"product": Place.PRODUCT, "variant": Place.VARIANT, "sku": Place.VARIANT}
# Type=Rectangle|Name=Size|Value=XSType=Swatch|Name=Color|Value=Silver[#cccccc]
_OPTION: Final = re.compile(r"Type=[^|=]*\|Name=(.*?)\|Value=(.*?)(?=\|?Type=[^|=]*\|Name=|$)", re.DOTALL)
# [S]Size=M,[CS]Color=Red:#ff0000
_OLD_OPTION: Final = re.compile(r"\[[A-Z]{1,3}\]([^=]+)=(.*?)(?=,\s*\[[A-Z]{1,3}\]|$)", re.DOTALL)
_COLOUR: Final = re.compile(r"\s*(?:\[[^\]]*\]|:#[0-9A-Fa-f]{3,8}.*|:https?:.*)$", re.DOTALL)
_FILE: Final = re.compile(r"product image (?:url|file) \d+")


class BigCommerce(ExportKind):
    """Variants, pictures and rules stand below the row of their product, with numbers of their own."""

    name = "bigcommerce"
    title = "BigCommerce product export"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("id", "product id", "sku", "product code sku"),
        "title": ("name", "product name"),
        "text": ("description", "product description"),
        "brand": ("brand name", "brand"),
        "categories": ("categories", "category", "category string"),
        "price": ("sale price", "price"),
        "list_price": ("retail price", "price"),
        "images": ("product images",),
        "identifiers": (
            "sku",
            "product code sku",
            "upc ean",
            "product upc ean",
            "upc",
            "gtin",
            "mpn",
            "global trade item number",
            "manufacturer part number",
            "gps global trade item number",
            "gps manufacturer part number",
            "global trade number",
        ),
        "url": ("product url",),
        "stock": ("current stock", "current stock level", "stock level"),
        "available": ("purchasable",),
    }
    no_facets = frozenset(
        (
            "item",
            "item type",
            "type",
            "product type",
            "options",
            "option set*",
            "inventory tracking",
            "track inventory",
            "low stock*",
            "cost price",
            "fixed *",
            "free shipping",
            "product warranty",
            "warranty",
            "allow purchases",
            "product visible",
            "is visible",
            "is featured",
            "product availability",
            "availability",
            "availability text",
            "category details",
            "product image *",
            "internal image *",
            "image *",
            "search keywords",
            "page title",
            "meta *",
            "product tax class",
            "tax class",
            "tax provider tax code",
            "stop processing rules",
            "redirect old url",
            "gps *",
            "product custom fields",
            "custom fields",
            "sort order",
            "show product condition",
            "event date *",
            "event *",
            "bin picking number",
            "brand id",
            "channels",
            "youtube id",
            "video *",
            "min purchase quantity",
            "max purchase quantity",
            "minimum purchase quantity",
            "maximum purchase quantity",
            "product weight",
            "shipping *",
            "is customized",
            "gift wrapping *",
            "calculated price",
        )
    )
    sources: Mapping[str, tuple[str, ...]] = {
        "product images": ("image url import", "internal image url export", "product image *")
    }
    variants = Variants.MERGED
    whole_rows = False

    def recognises(self, columns: frozenset[str]) -> bool:
        """The kind of item in every row, and a column that only BigCommerce names so."""
        return (
            {"item", "name"} <= columns and bool(columns & {"is visible", "inventory tracking", "options"})
        ) or ({"item type", "product name"} <= columns and bool(columns & {"product code sku", "product id"}))

    def cells(self, cells: Cells) -> Cells:
        """Options as attributes; pictures in one list; what is 0 for "none" is left away."""
        made = dict(cells)
        for column in ("sale price", "retail price"):
            if amount(made, column) == 0:
                made[column] = ""
        made["product images"] = [
            *texts(cells.get("image url import")),
            *([] if text(cells, "image url import") else texts(cells.get("internal image url export"))),
            *(image for column, value in cells.items() if _FILE.fullmatch(column) for image in texts(value)),
        ]
        for column in ("categories", "category", "category string"):
            if column in made:
                made[column] = _paths(made[column])
        for column in ("description", "product description"):
            if isinstance(made.get(column), str):
                made[column] = made[column].replace("\\r\\n", "\n").replace("\\n", "\n")
        if text(cells, "inventory tracking", "track inventory").casefold() == "none":
            made = without(made, ("current stock", "current stock level", "stock level"))
        for column in (
            "weight",
            "width",
            "height",
            "depth",
            "product width",
            "product height",
            "product depth",
        ):
            if amount(made, column) == 0:
                made[column] = ""
        attributes: dict[str, Any] = {}
        for name, value in _options(cells):
            attributes.setdefault(name, []).append(value)
        for field in split(text(cells, "custom fields", "product custom fields"), ";"):
            name, _, value = field.partition("=")
            attributes.setdefault(name.strip(), []).append(value.strip())
        if _place(cells) is Place.VARIANT and _OLD_OPTION.match(text(cells, "product name")):
            made["product name"] = ""
        return with_attributes(made, {name: [v for v in values if v] for name, values in attributes.items()})

    def role(self, cells: Cells) -> RowRole:
        """Only the rows of products have numbers that mean something."""
        place = _place(cells)
        if place is Place.PRODUCT:
            id_ = text(cells, "id", "product id", "sku", "product code sku")
            hidden = denied(cells, "is visible", "product visible")
            return RowRole(place, id_, left_out="hidden" if hidden else "") if id_ else RowRole()
        kind = text(cells, "item", "item type").casefold()
        if kind == "rule":
            return RowRole(Place.MORE, left_out="a rule, no product")
        own = text(cells, "sku", "product code sku")
        thumbnail = bool(text(cells, "image is thumbnail")) and not denied(cells, "image is thumbnail")
        position = 0 if thumbnail else 1 + int(amount(cells, "image sort order") or 0)
        return RowRole(place, position=position if place is Place.MORE else 0, variant=own, orphan=NO_PRODUCT)


def _place(cells: Cells) -> Place:
    kind = text(cells, "item", "item type").casefold()
    return _PLACES.get(kind, Place.MORE) if kind else Place.PRODUCT


def _options(cells: Cells) -> list[tuple[str, str]]:
    found = _OPTION.findall(text(cells, "options"))
    if _place(cells) is Place.VARIANT:
        found += _OLD_OPTION.findall(text(cells, "product name"))
    return [(name.strip(), _COLOUR.sub("", value).strip()) for name, value in found]


def _paths(value: object) -> object:
    """``A/B;A/C`` as paths; numbers of categories name nothing."""
    if not isinstance(value, str):
        return value
    paths = [split(one, "/") for one in split(value, ";")]
    return [path for path in paths if path and not all(name.isdigit() for name in path)]


class BigCommerceApi(ExportKind):
    """Products as the catalogue API gives them, with their variants inside."""

    name = "bigcommerce"
    title = "BigCommerce products from the API"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("id", "sku"),
        "title": ("name",),
        "text": ("description",),
        "brand": ("brand name", "brand"),
        "categories": ("categories",),
        "price": ("sale price", "calculated price", "price"),
        "list_price": ("retail price", "price"),
        "images": ("images",),
        "identifiers": ("sku", "upc", "gtin", "mpn"),
        "url": ("url",),
        "stock": ("inventory level",),
        "popularity": ("total sold",),
        "added": ("date created",),
    }
    no_facets = frozenset(("*",))
    variants = Variants.MERGED
    whole_rows = False

    def recognises(self, columns: frozenset[str]) -> bool:
        """Names that only this API gives."""
        return {"id", "name", "is visible", "variants"} <= columns and "calculated price" in columns

    def cells(self, cells: Cells) -> Cells:
        """Pictures, the address and custom fields out of their objects; 0 stands for "none"."""
        url = cells.get("custom url")
        made = {
            **cells,
            "images": texts(cells.get("images"), "url_zoom", "url_standard", "image_url")
            + texts(cells.get("image url")),
            "url": text(url, "url") if isinstance(url, Mapping) else url,
            "categories": texts(cells.get("category names")),
        }
        for column in ("sale price", "retail price", "price", "calculated price"):
            if amount(made, column) == 0:
                made[column] = ""
        attributes = {text(one, "name"): text(one, "value") for one in objects(cells.get("custom fields"))}
        attributes |= {
            text(one, "option_display_name"): text(one, "label")
            for one in objects(cells.get("option values"))
        }
        return with_attributes(made, attributes)

    def role(self, cells: Cells) -> RowRole:
        """What is not visible is left out."""
        hidden = denied(cells, "is visible")
        return RowRole(variant=text(cells, "variant id"), left_out="hidden" if hidden else "")

    def inner(self, cells: Cells) -> Sequence[Cells]:
        """Its variants; one without options is the product itself."""
        found = []
        for variant in objects(cells.get("variants")):
            if not objects(variant.get("option_values")):
                continue
            own = {name.replace("_", " "): value for name, value in variant.items()}
            named = {"id": cells.get("id"), "variant id": text(variant, "sku") or text(variant, "id")}
            found.append(self.cells({**own, **named}))
        return found
