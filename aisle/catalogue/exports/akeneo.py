"""Akeneo: the CSV of products and product models, and the API's JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from aisle.catalogue.exports.base import ExportKind, Place, RowRole, Variants
from aisle.catalogue.exports.cells import denied, objects, split, text, texts, with_attributes
from aisle.catalogue.rejects import Cells

_LOCALE: Final = re.compile(r"^(.+?) ([a-z]{2,3}) ([a-z]{2})(?: (\w+))?$")
_PRICE: Final = re.compile(r"^(.*\bprice|msrp|cost) ([a-z]{3})(?: (\w+))?$")
_NAMES: Final = ("name", "label", "title", "product name", "erp name", "variation name")
_TEXTS: Final = (*_NAMES, "description", "short description")


@lru_cache(maxsize=64)
def _layout(columns: tuple[str, ...], wanted: str) -> Mapping[str, tuple[str, ...]]:
    """Every attribute to the columns that hold it, those of the wanted locale first."""
    locales = [
        f"{found[2]} {found[3]}"
        for column in columns
        if (found := _LOCALE.match(column)) and found[1] in _TEXTS
    ]
    ranks = {locale: _rank(locale, wanted) for locale in locales}
    held: dict[str, list[tuple[int, str]]] = {}
    for column in columns:
        localised = _LOCALE.match(column)
        locale = f"{localised[2]} {localised[3]}" if localised else ""
        if localised and locale in ranks:
            held.setdefault(localised[1], []).append((ranks[locale], column))
        else:
            held.setdefault(column, []).append((0, column))
    return {
        name: tuple(c for _, c in sorted(ranked, key=lambda one: one[0])) for name, ranked in held.items()
    }


def _rank(locale: str, wanted: str) -> int:
    """0 for the locale asked for, then its language, then English."""
    if wanted and locale == wanted:
        return 0
    if wanted and locale[:2] == wanted[:2]:
        return 1
    return 2 if locale == "en us" else 3 if locale.startswith("en ") else 4


class Akeneo(ExportKind):
    """Columns by attribute, locale and channel; variants name the code of their product model."""

    name = "akeneo"
    title = "Akeneo product export"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("sku", "identifier", "code", "uuid"),
        "title": _NAMES,
        "text": ("short description", "description"),
        "brand": ("brand", "manufacturer"),
        "categories": ("categories",),
        "price": ("price",),
        "currency": ("price currency",),
        "identifiers": ("sku", "identifier", "ean", "gtin", "upc", "mpn"),
        "stock": ("number in stock ecommerce", "stock", "quantity"),
    }
    no_facets = frozenset(
        (
            "enabled",
            "code",
            "groups",
            "parent",
            "family variant",
            "price *",
            "cost*",
            "msrp*",
            "customer rating*",
            "number in stock*",
            "release date*",
            "meta *",
            "uuid",
            "created",
            "updated",
            "associations*",
            "x sell *",
            "upsell *",
            "pack *",
            "substitution *",
            "quantified associations",
        )
    )
    sources: Mapping[str, tuple[str, ...]] = {
        **{name: (f"{name} *", "values") for name in _TEXTS},
        "price": ("price *", "values"),
        "price currency": ("price *", "values"),
    }
    variants = Variants.MERGED
    whole_rows = False

    def __init__(self, locale: str = "") -> None:
        self._locale = " ".join(re.split(r"[\W_]+", locale.casefold()))

    def in_locale(self, locale: str) -> Akeneo:
        """Texts of this locale, such as ``de_DE``; those of another one only where they are missing."""
        return Akeneo(locale)

    def recognises(self, columns: frozenset[str]) -> bool:
        """The family, beside what only Akeneo calls so."""
        if "family variant" in columns and "code" in columns:
            return True
        key = columns & {"sku", "identifier", "uuid"}
        return bool(key) and "family" in columns and bool(columns & {"enabled", "groups", "categories"})

    def cells(self, cells: Cells) -> Cells:
        """One column for each attribute."""
        if isinstance(cells.get("values"), Mapping):
            cells = _flat(cells, self._locale)
        made: Cells = {}
        for name, columns in _layout(tuple(cells), self._locale).items():
            made[name] = next((cells[c] for c in columns if cells[c] not in (None, "")), "")
        for column in list(made):
            priced = _PRICE.match(column)
            if priced and priced[1] == "price" and made[column] not in (None, ""):
                made.setdefault("price", made[column])
                made.setdefault("price currency", priced[2].upper())
            elif column.endswith(" unit") and text(made, column) and text(made, column[:-5]):
                made[column[:-5]] = f"{text(made, column[:-5])} {text(made, column)}"
                del made[column]
        if isinstance(made.get("categories"), str):
            made["categories"] = [[code] for code in split(made["categories"], ",")]
        return made

    def role(self, cells: Cells) -> RowRole:
        """A model leads; a model below another one only passes on."""
        parent = text(cells, "parent")
        left_out = "not enabled" if denied(cells, "enabled") else ""
        code = text(cells, "code")
        if code and "family variant" in cells:
            if parent:
                return RowRole(Place.MORE, parent, also=(code,), left_out=left_out)
            return RowRole(Place.PRODUCT, code, left_out=left_out)
        return RowRole(Place.VARIANT, parent, left_out=left_out) if parent else RowRole(left_out=left_out)


def _flat(cells: Cells, wanted: str) -> Cells:
    """The API's ``values`` as columns."""
    made = {name: value for name, value in cells.items() if name not in ("values", "associations")}
    values: Mapping[str, Any] = cells["values"]
    for name, held in values.items():
        rows: Sequence[Mapping[str, Any]] = sorted(
            objects(held), key=lambda row: _rank(text(row, "locale").casefold().replace("_", " "), wanted)
        )
        data = next((row.get("data") for row in rows if row.get("data") not in (None, "")), None)
        column = name.replace("_", " ").casefold()
        if isinstance(data, list) and data and isinstance(data[0], Mapping) and "amount" in data[0]:
            made |= {column: data[0]["amount"], f"{column} currency": data[0].get("currency")}
        elif isinstance(data, Mapping) and "amount" in data:
            made[column] = f"{text(data, 'amount')} {text(data, 'unit')}".strip()
        elif data is not None:
            made[column] = texts(data) if isinstance(data, list) else data
    if isinstance(made.get("categories"), list):
        made["categories"] = [[code] for code in texts(made["categories"])]
    return with_attributes(made, {})
