"""Shopware: the CSV profiles of versions 6 and 5."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from aisle.catalogue.exports.base import ExportKind, Place, RowRole, Variants
from aisle.catalogue.exports.cells import denied, split, text, texts, with_attributes
from aisle.catalogue.rejects import Cells

_KEY: Final = re.compile(r"[0-9a-f]{32}")


def _named(value: object) -> dict[str, list[str]]:
    """``Size: M|Colour: Red`` by name; keys of a database name nothing."""
    found: dict[str, list[str]] = {}
    for one in split(value, "|"):
        name, colon, option = one.partition(":")
        if colon and name.strip() and option.strip():
            found.setdefault(name.strip(), []).append(option.strip())
    return found


class Shopware(ExportKind):
    """Version 6: variants name their parent by its key, and hold only what differs."""

    name = "shopware"
    title = "Shopware 6 product export"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("product number", "productnumber", "id"),
        "title": ("name", "default name", "translations default name"),
        "text": ("description", "translations default description"),
        "brand": ("manufacturer name", "manufacturer translations default name"),
        "categories": ("categories",),
        "price": ("price gross", "default price gross", "price default gross", "price"),
        "list_price": ("list price gross", "price default listprice gross"),
        "images": ("cover media url", "cover media", "media"),
        "identifiers": (
            "product number",
            "productnumber",
            "ean",
            "manufacturer number",
            "manufacturernumber",
        ),
        "stock": ("stock",),
        "added": ("release date", "created at"),
    }
    no_facets = frozenset(
        (
            "id",
            "active",
            "price *",
            "purchase *",
            "tax *",
            "cover *",
            "manufacturer id",
            "sales channel",
            "propertyids",
            "property ids",
            "optionids",
            "option ids",
            "options",
            "properties",
            "parent id",
            "translations *",
        )
    )
    variants = Variants.MERGED
    whole_rows = False

    def recognises(self, columns: frozenset[str]) -> bool:
        """The number of the product beside the key of its parent, or columns of the default profile."""
        return bool(columns & {"product number", "productnumber"}) and bool(
            columns
            & {"parent id", "parentid", "propertyids", "optionids", "sales channel", "cover media url"}
        )

    def cells(self, cells: Cells) -> Cells:
        """Named options and properties as attributes; categories that are keys are left away."""
        attributes: dict[str, list[str]] = {}
        for column in ("options", "properties", "optionids", "propertyids", "option ids", "property ids"):
            for name, values in _named(cells.get(column)).items():
                attributes.setdefault(name, []).extend(values)
        paths = [split(one, ">") for one in split(cells.get("categories"), "|") if not _KEY.fullmatch(one)]
        return with_attributes({**cells, "categories": paths}, attributes)

    def role(self, cells: Cells) -> RowRole:
        """By the key of the parent; what a variant does not say of itself holds as for its parent."""
        key, parent = (
            text(cells, "id", "product number", "productnumber"),
            text(cells, "parent id", "parentid"),
        )
        left_out = "not active" if denied(cells, "active") else ""
        if parent:
            return RowRole(Place.VARIANT, parent, left_out=left_out)
        also = tuple(filter(None, (text(cells, "product number", "productnumber"),)))
        return (
            RowRole(Place.PRODUCT, key, also=also, left_out=left_out) if key else RowRole(left_out=left_out)
        )


class ShopwareFive(ExportKind):
    """Version 5: every row is a variant and names the number of the main one."""

    name = "shopware"
    title = "Shopware 5 article export"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("ordernumber",),
        "title": ("name",),
        "text": ("description", "description long", "descriptionlong"),
        "brand": ("supplier", "suppliername", "supplier name"),
        "categories": ("categories", "category", "categorypath"),
        "price": ("price ek", "price", "prices"),
        "list_price": ("pseudoprice ek", "pseudoprice", "pseudoprices"),
        "images": ("images",),
        "identifiers": ("ordernumber", "ean", "suppliernumber", "suppliernumber"),
        "stock": ("instock",),
        "added": ("added", "date", "releasedate"),
    }
    no_facets = frozenset(
        (
            "active",
            "tax*",
            "price*",
            "pseudo*",
            "baseprice*",
            "purchaseprice*",
            "config*",
            "image*",
            "main*",
            "stockmin",
            "instock",
            "shipping*",
            "meta*",
            "keywords",
            "similar*",
            "accessory*",
            "crossselling*",
            "topseller",
            "laststock",
            "notification",
            "changed",
            "changetime",
            "filtergroup*",
            "propertygroup*",
            "additionaltext",
            "template",
            "mode",
            "articleid",
            "variantid",
            "kind",
        )
    )
    sources: Mapping[str, tuple[str, ...]] = {"images": ("imageurl", "image")}
    variants = Variants.MERGED
    whole_rows = False

    def recognises(self, columns: frozenset[str]) -> bool:
        """Both numbers."""
        return {"ordernumber", "mainnumber", "name"} <= columns

    def cells(self, cells: Cells) -> Cells:
        """The options that are chosen as attributes, pictures as a list."""
        attributes: dict[str, Any] = {}
        for column in ("configoptions", "configurator options", "configuratoroptions", "propertyvaluename"):
            attributes |= _named(text(cells, column).replace(";", "|"))
        images = [url for column in ("imageurl", "images", "image") for url in _addresses(cells.get(column))]
        return with_attributes({**cells, "images": images}, attributes)

    def role(self, cells: Cells) -> RowRole:
        """The row that bears the main number leads."""
        number, main = text(cells, "ordernumber"), text(cells, "mainnumber")
        left_out = "not active" if denied(cells, "active") else ""
        if not number:
            return RowRole(left_out=left_out)
        if main in ("", number):
            return RowRole(Place.FIRST, number, left_out=left_out)
        return RowRole(Place.VARIANT, main, left_out=left_out)


def _addresses(value: object) -> list[str]:
    return split(value, "|") if isinstance(value, str) else texts(value)
