"""Shopify as JSON: products.json, the admin API, and the lines of a bulk operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aisle.catalogue.exports.base import NO_PRODUCT, ExportKind, Place, RowRole, Variants
from aisle.catalogue.exports.cells import objects, split, text, texts, with_attributes
from aisle.catalogue.rejects import Cells

_SHOWN: Final = ("", "active")
_NO_OPTION: Final = ("title", "default title")


def _left_out(cells: Cells) -> str:
    status = text(cells, "status").casefold()
    if status not in _SHOWN:
        return status if status in ("draft", "archived", "unlisted") else "not published"
    return "not published" if "published at" in cells and not text(cells, "published at") else ""


class ShopifyJson(ExportKind):
    """A product with its variants inside."""

    name = "shopify"
    title = "Shopify products as JSON"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("handle", "id"),
        "title": ("title",),
        "text": ("body html", "description"),
        "brand": ("vendor",),
        "categories": ("product category", "product type"),
        "price": ("price",),
        "list_price": ("compare at price",),
        "images": ("images",),
        "identifiers": ("sku", "barcode"),
        "stock": ("inventory quantity",),
        "available": ("available",),
        "added": ("published at", "created at"),
    }
    no_facets = frozenset(("*",))
    sources: Mapping[str, tuple[str, ...]] = {
        "product category": ("category",),
        **dict.fromkeys(
            ("price", "compare at price", "sku", "barcode", "available", "inventory quantity"), ("variants",)
        ),
    }
    variants = Variants.MERGED
    whole_rows = False

    def recognises(self, columns: frozenset[str]) -> bool:
        """A handle, options, and variants inside."""
        return {"handle", "title", "variants", "options"} <= columns

    def cells(self, cells: Cells) -> Cells:
        """Pictures as addresses; tags, which the admin API writes as one text, as attributes."""
        tags = cells.get("tags")
        images = [*texts(cells.get("images"), "src", "url"), *texts(cells.get("image"), "src", "url")]
        listed = split(tags, ",") if isinstance(tags, str) else texts(tags)
        made = {**cells, "images": images, "product category": _category(cells.get("category"))}
        return with_attributes(made, {"Tags": listed})

    def role(self, cells: Cells) -> RowRole:
        """Drafts, and what was never published, are left out."""
        return RowRole(variant=text(cells, "variant id"), left_out=_left_out(cells))

    def inner(self, cells: Cells) -> Sequence[Cells]:
        """Its variants, with the names of their options."""
        names = texts(cells.get("options"), "name")
        return [
            _variant(text(cells, "handle", "id"), variant, names)
            for variant in objects(cells.get("variants"))
        ]


def _category(value: object) -> object:
    """The taxonomy's full name, ``Home & Garden > Kitchen``."""
    return text(value, "full_name", "fullName") if isinstance(value, Mapping) else value


def _variant(handle: str, variant: Mapping[str, Any], names: Sequence[str]) -> Cells:
    options: dict[str, Any] = {}
    for number, name in enumerate(names, 1):
        value = text(variant, f"option{number}")
        if (name.casefold(), value.casefold()) != _NO_OPTION:
            options[name] = value
    sku = text(variant, "sku")
    values = [value for value in options.values() if value]
    made: Cells = {
        "handle": handle,
        "variant id": sku or "-".join((handle, *values)),
        "price": variant.get("price"),
        "compare at price": variant.get("compare_at_price"),
        "sku": sku,
        "barcode": text(variant, "barcode"),
        "available": variant.get("available"),
        "inventory quantity": _at_least_none(variant.get("inventory_quantity")),
        "images": texts(variant.get("featured_image"), "src", "url"),
    }
    return with_attributes(made, options)


def _at_least_none(quantity: object) -> object:
    """What was sold beyond the stock stands as a negative one."""
    return max(quantity, 0) if isinstance(quantity, int | float) else quantity


class ShopifyBulk(ExportKind):
    """Lines of a bulk operation: a product, then what belongs to it by ``__parentId``."""

    name = "shopify"
    title = "Shopify bulk operation"
    fields: Mapping[str, tuple[str, ...]] = {
        **ShopifyJson.fields,
        "id": ("id",),
        "text": ("descriptionhtml", "bodyhtml", "description"),
        "categories": ("product category", "producttype"),
        "list_price": ("compareatprice",),
        "stock": ("inventoryquantity",),
        "available": ("availableforsale",),
        "added": ("publishedat", "createdat"),
    }
    no_facets = frozenset(("*",))
    sources: Mapping[str, tuple[str, ...]] = {
        "product category": ("category",),
        "images": ("featuredimage", "image"),
    }
    variants = Variants.MERGED
    whole_rows = False

    def recognises(self, columns: frozenset[str]) -> bool:
        """The key of the parent, beside names that the API gives."""
        return {"id", "parentid"} <= columns and bool(
            columns & {"handle", "selectedoptions", "producttype", "descriptionhtml", "inventoryquantity"}
        )

    def cells(self, cells: Cells) -> Cells:
        """Pictures, options and the category out of their objects."""
        images = [
            *texts(cells.get("featuredimage"), "url", "src"),
            *texts(cells.get("image"), "url", "src"),
            *texts(cells.get("url")),
        ]
        attributes = {
            text(one, "name"): text(one, "value")
            for one in objects(cells.get("selectedoptions"))
            if (text(one, "name").casefold(), text(one, "value").casefold()) != _NO_OPTION
        }
        key = text(cells, "id")
        made = {
            **cells,
            "key": key,
            "id": text(cells, "handle", "sku") or key,
            "images": images,
            "product category": _category(cells.get("category")),
        }
        return with_attributes(made, {**attributes, "Tags": texts(cells.get("tags"))})

    def role(self, cells: Cells) -> RowRole:
        """A line with a parent that has a price or options is a variant, any other more of the product."""
        key, parent = text(cells, "key"), text(cells, "parentid")
        if not parent:
            return RowRole(Place.PRODUCT, key, left_out=_bulk_left_out(cells)) if key else RowRole()
        if text(cells, "price") or cells.get("selectedoptions"):
            return RowRole(Place.VARIANT, parent, variant=text(cells, "id"), orphan=NO_PRODUCT)
        return RowRole(Place.MORE, parent, orphan=NO_PRODUCT)


def _bulk_left_out(cells: Cells) -> str:
    status = text(cells, "status").casefold()
    if status not in _SHOWN:
        return status
    return "not published" if "publishedat" in cells and not text(cells, "publishedat") else ""
