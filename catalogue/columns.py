"""From the columns that are there to the fields of an item, or a clear word on what is missing."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalogue.options import ReadOptions
from catalogue.schemas import SCHEMAS, Schema
from records import InputError

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
    for item_field, column in options.columns.items():
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
    found |= {item_field: [column] for item_field, column in options.columns.items()}
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
    joined = "text" not in options.columns and schema.signature
    text = tuple(found.get("text", []) if joined else found.get("text", [])[:1])
    single = {f: c[0] for f, c in found.items() if c and f not in ("text", "attributes")}
    objects = (options.columns["attributes"],) if "attributes" in options.columns else schema.objects
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
