"""From the columns that are there to the fields of an item, or a clear word on what is missing."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from aisle.catalogue.options import ReadOptions
from aisle.catalogue.prices import read_price
from aisle.catalogue.rejects import BadRow, Cells, Unreadable
from aisle.catalogue.values import (
    MAX_TEXT_CHARS,
    MAX_TITLE_CHARS,
    attribute_values,
    identity,
    words,
)
from aisle.errors import InputError
from aisle.markup import plain_line, plain_text
from aisle.types import Item


def prepare_meta(cells: Cells) -> Cells:
    """Add ``image`` from ``images``, and ``details`` as an object; a price "from 5.99" is 5.99."""
    price = cells.get("price")
    return {
        **cells,
        "image": _image(cells.get("images")),
        "details": _object(cells.get("details")),
        "price": price.strip().removeprefix("from ") if isinstance(price, str) else price,
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


_OLD = {"categories": "category", "images": "image"}
_REQUIRED = ("id", "title")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each part of an item stands.

    Attributes:
        single: item field to column, for all but text and attributes.
        text: the columns whose text is joined.
        objects: columns whose objects are attributes.
        used: columns that become no attribute of their own.
        renamed: column to attribute name.
    """

    single: Mapping[str, str]
    text: tuple[str, ...]
    objects: tuple[str, ...]
    used: frozenset[str]
    renamed: Mapping[str, str]


def schema_of(columns: Sequence[str], options: ReadOptions) -> Schema:
    """The schema asked for, else the first whose signature is there."""
    for schema in SCHEMAS:
        if schema.name == options.format:
            return schema
    return next(schema for schema in SCHEMAS if schema.signature <= set(columns))


def resolve(name: str, columns: Sequence[str], schema: Schema, options: ReadOptions) -> Columns:
    """Find the columns.

    Args:
        name: of the file, for messages.
        columns: what it has.
        schema: what to look for.
        options: the user's own mapping, which comes first.

    Raises:
        InputError: a mapped column is not there, or none can be the id or the title (suggests a mapping).
    """
    _refuse_other_files(name, columns)
    mapped = {_OLD.get(f, f): columns[0] for f, columns in options.mapped.items()}
    for item_field, column in mapped.items():
        if column not in columns:
            close = difflib.get_close_matches(column, columns, 1)
            hint = f"{item_field}={close[0]}" if close else f"{item_field}=COLUMN"
            raise InputError(
                f"{name} has no column '{column}' (found: {_listed(columns)})", fix=f"--map {hint}"
            )
    plain = {_plain(column): column for column in reversed(columns)}
    found: dict[str, list[str]] = {
        item_field: [plain[_plain(c)] for c in candidates if _plain(c) in plain]
        for item_field, candidates in schema.fields.items()
    }
    found |= {item_field: [column] for item_field, column in mapped.items()}
    missing = [item_field for item_field in _REQUIRED if not found.get(item_field)]
    if missing:
        suggested: dict[str, str] = {}
        for item_field in missing:
            taken = {*(named[0] for named in found.values() if named), *suggested.values()}
            suggested[item_field] = _suggest(item_field, columns, taken)
        raise InputError(
            f"no column of {name} is the {' or the '.join(missing)} (found: {_listed(columns)})",
            fix="--map " + ",".join(f"{item_field}={column}" for item_field, column in suggested.items()),
        )
    joined = "text" not in mapped and schema.signature
    text = tuple(found.get("text", []) if joined else found.get("text", [])[:1])
    single = {f: c[0] for f, c in found.items() if c and f not in ("text", "attributes")}
    objects = (mapped["attributes"],) if "attributes" in mapped else schema.objects
    used = frozenset((*single.values(), *text, *objects, *schema.hidden))
    return Columns(single, text, objects, used, schema.renamed)


def _plain(column: str) -> str:
    return "_".join(column.lower().replace("-", " ").replace("_", " ").split()) if column != "_id" else "_id"


def _suggest(item_field: str, columns: Sequence[str], taken: set[str]) -> str:
    """The free column whose name looks most like the field, else the first free one."""
    free = [column for column in columns if column not in taken] or ["COLUMN"]
    wanted = {"id": ("id", "sku", "code", "number", "key"), "title": ("title", "name", "label", "product")}[
        item_field
    ]
    scores = {
        column: max(difflib.SequenceMatcher(None, word, _plain(column)).ratio() for word in wanted)
        for column in free
    }
    return max(free, key=lambda column: scores[column])


def _refuse_other_files(name: str, columns: Sequence[str]) -> None:
    if {"user_id", "rating", "parent_asin"} <= set(columns):
        raise InputError(
            f"{name} holds reviews, not products", fix="name the file of products (meta_*.jsonl)"
        )
    if {"query", "esci_label"} <= set(columns) and "product_title" not in columns:
        raise InputError(f"{name} holds judgments, not products", fix="name the file of products")


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(column[:40] for column in columns[:20])
    return shown + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")


def item_from(cells: Cells, columns: Columns) -> Item:
    """Build the item.

    Raises:
        BadRow: with the reason, a fixed phrase.
    """
    at = columns.single
    key = identity(cells.get(at["id"]))
    title = plain_line(words(cells.get(at["title"]), "title"))
    if not title:
        raise BadRow("title is missing or empty")
    if len(title) > MAX_TITLE_CHARS:
        raise BadRow(f"title is over {MAX_TITLE_CHARS:,} characters")
    text = plain_text("\n".join(words(cells.get(column), "text") for column in columns.text))
    if len(text) > MAX_TEXT_CHARS:
        raise BadRow(f"text is over {MAX_TEXT_CHARS:,} characters")
    return Item(
        id=key,
        title=title,
        text=text,
        brand=_line(cells, at, "brand"),
        categories=_category(cells, at),
        price=_price(cells.get(at["price"])) if "price" in at else None,
        images=tuple(filter(None, (_line(cells, at, "image"),))),
        attributes=_attributes(cells, columns),
    )


def _line(cells: Cells, at: Mapping[str, str], field: str) -> str:
    line = plain_line(words(cells.get(at[field]), field).replace("\n", ", ")) if field in at else ""
    if len(line) > MAX_TITLE_CHARS:
        raise BadRow(f"{field} is over {MAX_TITLE_CHARS:,} characters")
    return line


def _category(cells: Cells, at: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    line = _line(cells, at, "category")
    return ((line,),) if line else ()


def _attributes(cells: Cells, columns: Columns) -> dict[str, tuple[str, ...]]:
    found = facets({columns.renamed.get(n, n): v for n, v in cells.items() if n not in columns.used})
    for column in columns.objects:
        inner = cells.get(column)
        if isinstance(inner, dict):
            found |= facets(inner)
    return found


def _price(cell: object) -> float | None:
    try:
        price = read_price(cell)
    except Unreadable:
        return None
    return price.amount if price else None


def facets(cells: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Columns as attributes. What cannot be read is none."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in cells.items():
        try:
            values = attribute_values(value)
        except Unreadable:
            continue
        if (key := plain_line(str(name))) and values:
            found[key] = values
    return found
