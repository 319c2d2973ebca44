"""Feeds of price comparisons, as XML: Heureka and its relatives, Yandex Market, Ceneo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aisle.catalogue.exports.base import ExportKind, Place, RowRole, Variants
from aisle.catalogue.exports.cells import split, text, texts, with_attributes, without
from aisle.catalogue.rejects import Cells

_PORTALS: Final = ("heureka.cz", "heureka.sk", "zbozi.cz", "zboží.cz", "glami.cz", "glami.sk")


class Heureka(ExportKind):
    """``SHOPITEM``s of Heureka, Zboží or Glami: those of one group are variants."""

    name = "heureka"
    title = "Heureka feed"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("id",),
        "title": ("productname",),
        "text": ("description",),
        "group": ("itemgroup id",),
        "brand": ("manufacturer", "brand"),
        "categories": ("categorytext",),
        "price": ("price vat", "price"),
        "images": ("imgurl", "imgurl alternative"),
        "url": ("url",),
        "identifiers": ("ean", "productno", "isbn", "item id"),
    }
    no_facets = frozenset(("*",))
    variants = Variants.SEPARATE

    def recognises(self, columns: frozenset[str]) -> bool:
        """Names that only these feeds have."""
        return bool(columns & {"productname", "product"}) and bool(
            columns & {"categorytext", "price vat", "imgurl", "itemgroup id"}
        )

    def cells(self, cells: Cells) -> Cells:
        """Old feeds know no id but the address."""
        paths = [split(one, "|") for one in texts(cells.get("categorytext"))]
        paths = [path[1:] if path[:1] and path[0].casefold() in _PORTALS else path for path in paths]
        name = text(cells, "productname", "product")
        return {
            **cells,
            "id": text(cells, "item id", "id", "url"),
            "productname": name,
            "categorytext": paths,
        }

    def role(self, cells: Cells) -> RowRole:
        """By its group."""
        group = text(cells, "itemgroup id")
        return RowRole(Place.VARIANT, group) if group else RowRole()


class Yandex(ExportKind):
    """``offer``s of Yandex Market (YML)."""

    name = "yandex"
    title = "Yandex Market feed"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("id",),
        "title": ("name",),
        "text": ("description",),
        "group": ("group id",),
        "brand": ("vendor",),
        "categories": ("category", "market category"),
        "price": ("price",),
        "list_price": ("oldprice",),
        "currency": ("currencyid",),
        "images": ("picture",),
        "url": ("url",),
        "identifiers": ("vendorcode", "barcode", "shop sku", "isbn"),
        "stock": ("count", "stock quantity"),
        "available": ("available",),
    }
    no_facets = frozenset(("*",))
    variants = Variants.SEPARATE

    def recognises(self, columns: frozenset[str]) -> bool:
        """Names that only these feeds have."""
        return {"id", "price"} <= columns and {"currencyid", "categoryid"} <= columns

    def cells(self, cells: Cells) -> Cells:
        """A name made of kind, brand and model where there is none; who made a book or a record."""
        named = " ".join(
            part for name in ("typeprefix", "vendor", "model", "title") if (part := text(cells, name))
        )
        attributes: dict[str, Any] = {
            name: texts(cells.get(name)) for name in ("author", "publisher", "artist", "country of origin")
        }
        return with_attributes({**cells, "name": text(cells, "name") or named}, attributes)

    def role(self, cells: Cells) -> RowRole:
        """By its group."""
        group = text(cells, "group id")
        return RowRole(Place.VARIANT, group) if group else RowRole()


# What Ceneo's attributes are called that are fields of an item.
_CENEO: Final = {
    "producent": "brand",
    "marka": "brand",
    "ean": "ean",
    "sku": "sku",
    "isbn": "isbn",
    "kod_producenta": "mpn",
    "kod producenta": "mpn",
}


class Ceneo(ExportKind):
    """``o`` elements of Ceneo, with what is said of the producer among the attributes."""

    name = "ceneo"
    title = "Ceneo feed"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("id",),
        "title": ("name",),
        "text": ("desc",),
        "brand": ("brand",),
        "categories": ("cat",),
        "price": ("price",),
        "images": ("imgs",),
        "url": ("url",),
        "identifiers": ("sku", "ean", "isbn", "mpn"),
        "stock": ("stock",),
    }
    no_facets = frozenset(("*",))
    sources: Mapping[str, tuple[str, ...]] = dict.fromkeys(
        ("brand", "sku", "ean", "isbn", "mpn"), ("attributes", "attrs")
    )

    def recognises(self, columns: frozenset[str]) -> bool:
        """Short names that only these feeds have."""
        return {"id", "price", "name", "cat"} <= columns and bool(columns & {"avail", "imgs", "basket"})

    def cells(self, cells: Cells) -> Cells:
        """Brand and codes out of the attributes."""
        held = cells.get("attributes", cells.get("attrs"))
        made = without(cells, ("attributes", "attrs"))
        made["cat"] = [split(one, "/") for one in texts(cells.get("cat"))]
        attributes: dict[str, Any] = {}
        for name, value in held.items() if isinstance(held, Mapping) else ():
            field = _CENEO.get(str(name).casefold())
            if field:
                made.setdefault(field, texts(value))
            else:
                attributes[str(name)] = value
        return with_attributes(made, attributes)
