"""Magento and Adobe Commerce: the CSV of version 2, that of version 1, and the REST API's JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from aisle.catalogue.exports.base import ExportKind, Place, RowRole, Variants
from aisle.catalogue.exports.cells import amount, denied, objects, split, text, texts, with_attributes
from aisle.catalogue.rejects import Cells

_NAME: Final = re.compile(r"(?:^|,)\s*([A-Za-z_]\w*)=")
_QUOTED: Final = re.compile(r'"((?:[^"]|"")*)"')
_NOT_ALONE: Final = "not shown alone"
# What the column `visibility` says in words, and as the number that other exports write.
_VISIBILITY: Final = {
    "not visible individually": _NOT_ALONE,
    "1": _NOT_ALONE,
}
# Their own quantity means nothing.
_COMPOSED: Final = ("configurable", "bundle", "grouped")
_DISABLED: Final = frozenset(("2", "0", "disabled", "no", "false"))
_BRANDS: Final = ("brand", "manufacturer", "marke", "marca", "merk", "marque")
_CODES: Final = (
    "mpn",
    "gtin",
    "ean",
    "ean13",
    "upc",
    "isbn",
    "barcode",
    "part_number",
    "manufacturer_part_number",
)
# Attributes that set up the page or the checkout.
_TECHNICAL: Final = (
    "url_",
    "meta_",
    "small_image",
    "thumbnail",
    "swatch_",
    "tax_",
    "category_ids",
    "required_",
    "has_",
    "page_",
    "custom_",
    "gift_",
    "msrp",
    "options_container",
    "quantity_and_stock",
    "links_",
    "samples_",
    "price_",
    "ts_",
    "is_returnable",
    "shipment_",
    "sku_type",
    "weight_type",
    "news_",
    "special_",
    "image_label",
)


def name_values(value: str) -> Iterator[tuple[str, str]]:
    r"""``color=Red,size="M, slim"`` as pairs. A comma ends a value only where another ``name=`` follows."""
    at = _NAME.match(value)
    while at:
        name, start = at[1], at.end()
        quoted = _QUOTED.match(value, start)
        if quoted:
            yield name, quoted[1].replace('""', '"')
            at = _NAME.search(value, quoted.end())
        else:
            at = _NAME.search(value, start)
            yield name, value[start : at.start() if at else None]


class MagentoCsv(ExportKind):
    """Version 2: simple products are variants of the configurable that lists their SKUs.

    Rows of one store view say what differs there; they count only where the general row says nothing.
    """

    name = "magento"
    title = "Magento 2 product export"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("sku",),
        "title": ("name",),
        "text": ("short description", "description"),
        "brand": ("brand", "manufacturer"),
        "categories": ("categories",),
        "price": ("special price", "price"),
        "list_price": ("price",),
        "images": (
            "base image",
            "image",
            "small image",
            "thumbnail image",
            "additional images",
            "media image",
        ),
        "identifiers": ("sku", "product codes"),
        "stock": ("qty",),
        "available": ("is in stock",),
        "added": ("created at",),
    }
    no_facets = frozenset(
        (
            "child skus",
            "product codes",
            "id",
            "type id",
            "store view code",
            "attribute set*",
            "product type",
            "type",
            "product websites",
            "product online",
            "status",
            "visibility",
            "tax class *",
            "url *",
            "meta *",
            "base image*",
            "small image*",
            "thumbnail*",
            "swatch image*",
            "additional image*",
            "media *",
            "created at",
            "updated at",
            "new from date",
            "new to date",
            "special price *",
            "special from date",
            "special to date",
            "display product options in",
            "map *",
            "msrp *",
            "gift message available",
            "custom *",
            "page layout",
            "product options container",
            "options container",
            "additional attributes",
            "out of stock qty",
            "use config *",
            "is qty decimal",
            "allow backorders",
            "backorders",
            "min *",
            "max *",
            "notify *",
            "manage stock",
            "qty increments",
            "enable qty *",
            "is decimal divided",
            "is returnable",
            "website id",
            "deferred stock update",
            "related *",
            "crosssell *",
            "upsell *",
            "links *",
            "super *",
            "hide from product page",
            "bundle *",
            "associated skus",
            "downloadable *",
            "configurable *",
            "samples title",
            "shipment type",
            "price type",
            "sku type",
            "weight type",
            "store",
            "category",
            "root category",
            "has options",
            "required options",
        )
    )
    sources: Mapping[str, tuple[str, ...]] = {
        "product codes": ("additional attributes", "custom attributes"),
        "brand": ("additional attributes", "custom attributes"),
        "description": ("custom attributes",),
        "short description": ("custom attributes",),
        "special price": ("custom attributes",),
        "image": ("custom attributes",),
        "additional images": ("media gallery entries",),
        "categories": ("category",),
        "qty": ("extension attributes",),
        "is in stock": ("extension attributes",),
    }
    variants = Variants.MERGED
    whole_rows = False

    def recognises(self, columns: frozenset[str]) -> bool:
        """The type of product, and a column that only Magento names so."""
        return {"sku", "product type"} <= columns and bool(
            columns
            & {
                "attribute set code",
                "additional attributes",
                "store view code",
                "product websites",
                "product online",
                "configurable variations",
                "visibility",
            }
        )

    def cells(self, cells: Cells) -> Cells:
        """Additional attributes by name, category paths, the SKUs of a configurable's children."""
        found = {
            name: value
            for name, value in name_values(text(cells, "additional attributes"))
            if not name.startswith(_TECHNICAL)
        }
        children = [dict(name_values(one)) for one in split(cells.get("configurable variations"), "|")]
        made = dict(cells)
        made["child skus"] = [sku for child in children if (sku := child.pop("sku", "").strip())]
        made["child skus"] += split(cells.get("super products sku"), ",")
        made["product codes"] = [found.pop(name) for name in _CODES if name in found]
        brand = [found.pop(name) for name in _BRANDS if name in found]
        if brand and not text(cells, "brand", "manufacturer"):
            made["brand"] = brand[0]
        made["categories"] = _paths(text(cells, "categories", "category"))
        made["created at"] = _month_first(text(cells, "created at"))
        made["additional images"] = split(cells.get("additional images"), ",")
        if text(cells, "product type", "type").casefold() in _COMPOSED or denied(cells, "manage stock"):
            made.pop("qty", None)
        attributes: dict[str, list[str]] = {name: split(value, "|") for name, value in found.items()}
        for child in children:
            for name, value in child.items():
                held = attributes.setdefault(name, [])
                if value.strip() not in held:
                    held.append(value.strip())
        return with_attributes(made, attributes)

    def role(self, cells: Cells) -> RowRole:
        """A configurable claims its children; a row of a store view is more of its product."""
        sku = text(cells, "sku")
        children = tuple(cells.get("child skus", ()))
        if not sku:
            return RowRole(Place.MORE, also=children)
        status = text(cells, "product online", "status").casefold()
        left_out = "disabled" if status in _DISABLED else ""
        if text(cells, "store view code", "store"):
            return RowRole(Place.MORE, sku, left_out=left_out)
        hidden = _VISIBILITY.get(text(cells, "visibility").casefold(), "")
        if text(cells, "product type", "type", "type id").casefold() == "configurable":
            return RowRole(Place.PRODUCT, sku, also=children, left_out=left_out or hidden)
        # Whatever hides it alone, it can be chosen on the page of its configurable product.
        return RowRole(Place.VARIANT, sku, left_out=left_out, orphan=hidden)


def _paths(categories: str) -> list[list[str]]:
    r"""``Default Category/Hats,Default Category/Gear`` as paths; ``\/`` stands in a name."""
    return [path for one in split(categories, ",") if (path := split(one, "/"))]


_AMERICAN: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(?:20)?(\d\d), \d{1,2}:\d\d ?[AP]M")


def _month_first(moment: str) -> str:
    """Where the time has AM and PM, the month comes first: ``3/28/25, 4:58 PM``."""
    found = _AMERICAN.match(moment)
    return f"20{found[3]}-{int(found[1]):02}-{int(found[2]):02}" if found else moment


class MagentoOne(MagentoCsv):
    """Version 1: columns such as ``_type``; a row without a SKU goes on with the one above."""

    title = "Magento 1 product export"

    def recognises(self, columns: frozenset[str]) -> bool:
        """Its set of attributes and its type, with underscores that folding takes."""
        return {"sku", "attribute set", "type", "product websites"} <= columns


class MagentoRest(MagentoCsv):
    """Products as the REST API gives them."""

    title = "Magento products from the REST API"

    def recognises(self, columns: frozenset[str]) -> bool:
        """What the API always sends."""
        return {"sku", "type id", "custom attributes"} <= columns

    def cells(self, cells: Cells) -> Cells:
        """The headings of the CSV; children are linked by number."""
        custom = {
            text(one, "attribute_code"): one.get("value") for one in objects(cells.get("custom attributes"))
        }
        extension = cells.get("extension attributes")
        extension = extension if isinstance(extension, Mapping) else {}
        made = {
            name: value
            for name, value in cells.items()
            if name not in ("custom attributes", "extension attributes")
        }
        made |= {
            name.replace("_", " "): custom.pop(name)
            for name in (
                "description",
                "short_description",
                "special_price",
                "image",
                "manufacturer",
                "brand",
            )
            if name in custom
        }
        if text(cells, "type id") != "simple" and amount(cells, "price") == 0:
            made["price"] = ""
        made["child skus"] = texts(extension.get("configurable_product_links"))
        made["product codes"] = [code for name in _CODES if (code := text(custom, name))]
        made["additional images"] = texts(cells.get("media gallery entries"), "file")
        stock = extension.get("stock_item")
        if isinstance(stock, Mapping):
            made |= {"qty": stock.get("qty"), "is in stock": stock.get("is_in_stock")}
        attributes: dict[str, Any] = {
            name: texts(value)
            for name, value in custom.items()
            # Numbers are keys of options that the answer does not spell out.
            if name not in _CODES and not name.startswith(_TECHNICAL) and not text(custom, name).isdigit()
        }
        return with_attributes(made, attributes)

    def role(self, cells: Cells) -> RowRole:
        """As in the CSV, by number: so a configurable names its children."""
        role = super().role(cells)
        number = text(cells, "id")
        return replace(role, group=number, variant=role.group) if number and role.group else role
