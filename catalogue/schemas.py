"""Which columns make an item, for each kind of catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from catalogue.amazon import prepare_meta
from catalogue.rows import Cells

_SAME: Callable[[Cells], Cells] = lambda cells: cells  # noqa: E731


@dataclass(frozen=True, slots=True)
class Schema:
    """One kind of catalogue.

    Attributes:
        name: what ``--format`` calls it.
        signature: columns that tell it from others; empty for the plain kind, which takes what it finds.
        fields: item field to the columns that may hold it, best first; of ``text`` all are joined.
        objects: columns whose objects are attributes.
        hidden: columns that are no attributes.
        renamed: column to the attribute name that people know.
        locale: the column that a locale filter looks at.
        prepare: turns the cells of a row into ones that the rest understands.
    """

    name: str
    signature: frozenset[str]
    fields: Mapping[str, tuple[str, ...]]
    objects: tuple[str, ...] = ("attributes", "metadata")
    hidden: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)
    locale: str = ""
    prepare: Callable[[Cells], Cells] = _SAME


_PLAIN_FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": ("_id", "id", "sku", "product_id", "item_id", "asin", "uid", "code", "gtin", "ean"),
    "title": ("title", "name", "product_title", "product_name", "item_title", "item_name"),
    "text": ("text", "description", "product_description", "body"),
    "brand": ("brand", "brand_name", "manufacturer", "vendor"),
    "category": ("category", "main_category", "product_category", "product_type", "department"),
    "price": ("price", "sale_price", "list_price", "unit_price"),
    "image": ("image", "image_url", "image_link", "img", "thumbnail"),
}

ESCI = Schema(
    name="esci",
    signature=frozenset(("product_id", "product_title", "product_locale")),
    fields={
        "id": ("product_id",),
        "title": ("product_title",),
        "text": ("product_description", "product_bullet_point"),
        "brand": ("product_brand",),
    },
    hidden=frozenset(
        ("example_id", "query", "query_id", "esci_label", "small_version", "large_version", "split")
    ),
    renamed={"product_color": "color", "product_locale": "locale"},
    locale="product_locale",
)

AMAZON = Schema(
    name="amazon2023",
    signature=frozenset(("parent_asin", "title", "main_category")),
    fields={
        "id": ("parent_asin",),
        "title": ("title",),
        "text": ("description", "features"),
        "brand": ("store",),
        "category": ("main_category",),
        "price": ("price",),
        "image": ("image",),
    },
    objects=("details",),
    hidden=frozenset(("images", "videos", "categories", "bought_together", "subtitle", "author")),
    prepare=prepare_meta,
)

BEIR = Schema(
    name="beir",
    signature=frozenset(("_id", "title")),
    fields={**_PLAIN_FIELDS, "id": ("_id",), "title": ("title",), "text": ("text",)},
)

PLAIN = Schema(name="plain", signature=frozenset(), fields=_PLAIN_FIELDS)

SCHEMAS: tuple[Schema, ...] = (ESCI, AMAZON, BEIR, PLAIN)
