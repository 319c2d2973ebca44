"""Records of an Algolia index, and Best Buy's product API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from aisle.catalogue.exports.base import ExportKind, Place, RowRole, Variants
from aisle.catalogue.exports.cells import denied, objects, text, texts, with_attributes
from aisle.catalogue.rejects import Cells

_LEVEL: Final = re.compile(r"^(?:hierarchical ?categories|categories|category) (?:lvl|level) ?(\d)$")
_LEVELS: Final = ("hierarchicalcategories", "hierarchical categories", "categories", "category")


class Algolia(ExportKind):
    """One record an object; those of one Shopify product share its handle."""

    name = "algolia"
    title = "Algolia records"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("objectid",),
        "text": ("description", "body html safe", "body html", "content"),
        "categories": ("paths", "categories", "category"),
        "identifiers": ("sku", "barcode", "upc", "ean", "gtin", "mpn"),
    }
    no_facets = frozenset(
        (
            "highlightresult",
            "snippetresult",
            "rankinginfo",
            "distinctseqid",
            "geoloc",
            "hierarchicalcategories*",
            "hierarchical categories*",
            "categories lvl*",
            "paths",
            "inventory *",
            "variants *",
            "named tags",
            "meta",
            "position",
            "recently ordered count",
            "price range",
            "compare at price",
            "objectid",
            "id",
        )
    )
    sources: Mapping[str, tuple[str, ...]] = {
        "paths": ("hierarchicalcategories*", "hierarchical categories*", "categories*", "category*"),
        "currency": ("price",),
    }
    variants = Variants.SEPARATE
    whole_rows = True

    def attribute(self, column: str) -> str:
        """``_tags`` are tags."""
        return column.lstrip("_")

    def recognises(self, columns: frozenset[str]) -> bool:
        """The key that every record has."""
        return "objectid" in columns

    def cells(self, cells: Cells) -> Cells:
        """Categories by level as paths, options as attributes, one price of several currencies."""
        paths = _paths(cells)
        made: Cells = {**cells, "paths": paths} if paths else dict(cells)
        if paths:
            # The same once more, without its levels.
            made.pop("categories", None)
            made.pop("category", None)
        price = made.get("price")
        if isinstance(price, Mapping):
            for currency, amounts in price.items():
                if isinstance(amounts, Mapping) and len(currency) == 3:
                    made |= {"price": amounts.get("default"), "currency": currency}
                    break
        if "tags" in made and not isinstance(made["tags"], str):
            made["tags"] = texts(made["tags"])
        options = made.pop("options", None)
        attributes = (
            {
                name: texts(value)
                for name, value in options.items()
                if (name.casefold(), *texts(value)) != ("title", "Default Title")
            }
            if isinstance(options, Mapping)
            else {}
        )
        return with_attributes(made, attributes)

    def role(self, cells: Cells) -> RowRole:
        """Shopify's records are its variants."""
        handle = text(cells, "handle")
        return RowRole(Place.VARIANT, handle) if handle and "variants count" in cells else RowRole()


def _paths(cells: Cells) -> list[str]:
    """Categories by level, deepest first: each is a whole path already, ``A > B > C``."""
    found: list[tuple[int, str]] = []
    for column in _LEVELS:
        held = cells.get(column)
        if isinstance(held, Mapping):
            for level, value in held.items():
                digits = re.sub(r"\D", "", str(level))
                if str(level).casefold().startswith(("lvl", "level")) and digits:
                    found += [(int(digits[:2]), path) for path in texts(value)]
    for column, value in cells.items():
        numbered = _LEVEL.match(column)
        if numbered:
            found += [(int(numbered[1]), path) for path in texts(value)]
    return [path for _, path in sorted(found, key=lambda one: -one[0])]


class BestBuy(ExportKind):
    """Products as Best Buy's API gives them, and its published sample."""

    name = "bestbuy"
    title = "Best Buy products"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("sku",),
        "title": ("name",),
        "text": ("shortdescription", "longdescription", "description", "features"),
        "brand": ("manufacturer",),
        "categories": ("categorypath", "category"),
        "price": ("saleprice", "regularprice", "price"),
        "list_price": ("regularprice",),
        "images": ("largefrontimage", "image", "images"),
        "identifiers": ("sku", "upc", "modelnumber", "model"),
        "url": ("url",),
        "available": ("onlineavailability",),
        "rating": ("customerreviewaverage",),
        "popularity": ("customerreviewcount",),
        "added": ("startdate",),
    }
    no_facets = frozenset(("*",))

    def recognises(self, columns: frozenset[str]) -> bool:
        """Its path of categories, or the names of its sample."""
        return {"sku", "name"} <= columns and (
            "categorypath" in columns
            or {"regularprice", "saleprice"} <= columns
            or {"upc", "manufacturer", "model", "category"} <= columns
        )

    def cells(self, cells: Cells) -> Cells:
        """The path of categories below the shop's own root; details and colour as attributes."""
        held = "categorypath" if "categorypath" in cells else "category"
        path = texts(cells.get(held), "name")
        path = path[1:] if path[:1] == ["Best Buy"] else path
        attributes: dict[str, Any] = {
            text(one, "name"): text(one, "value", "values") for one in objects(cells.get("details"))
        }
        attributes |= {
            name: text(cells, name) for name in ("color", "condition", "class", "subclass", "department")
        }
        attributes["type"] = text(cells, "type")
        made = {
            **cells,
            held: [path] if path else [],
            "images": texts(cells.get("images"), "href", "src", "url"),
            "features": texts(cells.get("features"), "feature"),
        }
        return with_attributes(made, attributes)

    def role(self, cells: Cells) -> RowRole:
        """What is no longer sold is left out."""
        return RowRole(left_out="not active" if denied(cells, "active") else "")
