"""Published data sets of products: ESCI, Amazon Reviews 2023, BEIR."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from aisle.catalogue.exports.base import ExportKind, RowRole
from aisle.catalogue.exports.cells import text
from aisle.catalogue.rejects import Cells

_NAMES: Final = {"product_color": "color", "product_locale": "locale"}


class Esci(ExportKind):
    """Products of the Shopping Queries Dataset."""

    name = "esci"
    title = "Shopping Queries Dataset"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("product id",),
        "title": ("product title",),
        "text": ("product description", "product bullet point"),
        "brand": ("product brand",),
    }
    no_facets = frozenset(
        ("example id", "query", "query id", "esci label", "small version", "large version", "split")
    )

    def __init__(self, locale: str = "") -> None:
        self._locale = locale

    def in_locale(self, locale: str) -> Esci:
        """Only products of this locale: "us", "es", "jp"."""
        return Esci(locale)

    def recognises(self, columns: frozenset[str]) -> bool:
        """Its three columns that are always there."""
        return {"product id", "product title", "product locale"} <= columns

    def attribute(self, column: str) -> str:
        """Without the prefix."""
        return _NAMES.get(column, column)

    def role(self, cells: Cells) -> RowRole:
        """Rows of other locales are left out."""
        other = self._locale and text(cells, "product locale") != self._locale
        return RowRole(left_out="in another locale" if other else "")


class AmazonReviews(ExportKind):
    """Products (``meta_*.jsonl``) of Amazon Reviews 2023."""

    name = "amazon2023"
    title = "Amazon Reviews 2023 products"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("parent asin",),
        "title": ("title",),
        "text": ("description", "features"),
        "brand": ("store",),
        "categories": ("main category",),
        "price": ("price",),
        "images": ("image",),
        "attributes": ("details",),
    }
    no_facets = frozenset(("images", "videos", "categories", "bought together", "subtitle", "author"))

    def recognises(self, columns: frozenset[str]) -> bool:
        """Its own key, and the two columns that are always there."""
        return {"parent asin", "title", "main category"} <= columns

    def cells(self, cells: Cells) -> Cells:
        """``image`` from ``images``, and ``details`` as an object."""
        return {
            **cells,
            "image": _image(cells.get("images")),
            "details": _object(cells.get("details")),
        }


def _image(images: Any) -> str:
    """The first large picture. The raw files hold a list of objects, the hub an object of lists."""
    first = images[0] if isinstance(images, list) and images else images
    if not isinstance(first, dict):
        return ""
    for size in ("large", "hi_res", "thumb"):
        found = first.get(size)
        found = found[0] if isinstance(found, list) and found else found
        if isinstance(found, str) and found:
            return found
    return ""


def _object(details: Any) -> Any:
    if not isinstance(details, str):
        return details
    try:
        return orjson.loads(details)
    except orjson.JSONDecodeError:
        return None


class Beir(ExportKind):
    """The corpus of a BEIR folder. Folded, its ``_id`` is the id of any file: it is only read by name."""

    name = "beir"
    title = "BEIR corpus"
    fields: Mapping[str, tuple[str, ...]] = {
        "id": ("id",),
        "title": ("title",),
        "text": ("text",),
        "attributes": ("metadata",),
    }
