"""How one file is read: its kind, its columns, its variants; and what is said of that beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import chain
from typing import Final

from aisle.catalogue.columns import Plan, plan_columns
from aisle.catalogue.exports import (
    ExportKind,
    Place,
    Plain,
    RowRole,
    Variants,
    folded,
    kind_cells,
    kind_of,
)
from aisle.catalogue.formats.base import OpenTable
from aisle.catalogue.item import ItemBuilder
from aisle.catalogue.options import SIGNAL_FIELDS, ReadOptions
from aisle.catalogue.rejects import Cells, Row
from aisle.catalogue.report import FieldReading, ReadingReport
from aisle.catalogue.sample import Sample
from aisle.errors import InputError
from aisle.types import Item


@dataclass(frozen=True, slots=True)
class PlannedReading:
    """How the rows of one file become items.

    Attributes:
        kind: of export.
        plan: which column is what.
        builder: makes items of rows.
        variants: what becomes of the variants of a product.
        own_ids: whether the user named the column of ids.
        looked_at: rows that this was decided by.
    """

    kind: ExportKind
    plan: Plan
    builder: ItemBuilder
    variants: Variants
    own_ids: bool
    looked_at: int


def plan_reading(
    source: str, head: Sequence[Row], options: ReadOptions, known_ids: Sequence[str] = ()
) -> PlannedReading:
    """Decide by the first rows.

    Args:
        source: name of the file, for messages.
        head: the first rows.
        options: what the user says.
        known_ids: of each row the id that it was read under before; see `plan_columns`.

    Raises:
        InputError: other things than products, or no column can be the id or the title.
    """
    columns = tuple(dict.fromkeys(column for row in head for column in row.cells))
    _refuse_other_files(source, columns)
    kind = kind_of(columns, options.format, options.locale)
    cells: list[Cells] = []
    roles: list[RowRole] = []
    for row in head:
        read = kind_cells(kind, row.cells)
        cells.append(read)
        roles.append(kind.role(read))
        for variant in kind.inner(read):
            cells.append(variant)
            # What stands inside a row needs no id and no title of its own.
            roles.append(RowRole(Place.MORE))
    plan = plan_columns(Sample(source, cells, roles, _sources(kind, columns)), kind, options, known_ids)
    variants = Variants(options.variants) if options.variants else kind.variants
    return PlannedReading(kind, plan, ItemBuilder(plan), variants, "id" in options.columns, len(head))


def _sources(kind: ExportKind, columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Key to the columns of the file that it is made of, where its kind calls them otherwise."""
    if isinstance(kind, Plain):
        return {}
    by_name = {folded(column): column for column in reversed(columns)}
    found: dict[str, tuple[str, ...]] = {name: (column,) for name, column in by_name.items()}
    for made, wanted in kind.sources.items():
        beginnings = tuple(name[:-1] for name in wanted if name.endswith("*"))
        named = tuple(
            column for name, column in by_name.items() if name in wanted or name.startswith(beginnings)
        )
        if named:
            found[made] = named
    return found


def _refuse_other_files(name: str, columns: Iterable[str]) -> None:
    there = set(columns)
    if {"user_id", "rating", "parent_asin"} <= there:
        raise InputError(
            f"{name} holds reviews, not products", fix="name the file of products (meta_*.jsonl)"
        )
    if {"query", "esci_label"} <= there and "product_title" not in there:
        raise InputError(f"{name} holds judgments, not products", fix="name the file of products")


_ORDER: Final = (
    *(f.name for f in fields(Item) if f.name not in ("signals", "language", "location")),
    *SIGNAL_FIELDS,
    *("language", "location"),
)
_EXAMPLE_CHARS: Final = 80
_MOST_FACETS: Final = 200


def describe(source: str, table: OpenTable, reading: PlannedReading, items: Iterator[Item]) -> ReadingReport:
    """What is said before the first item.

    Args:
        source: name of the file.
        table: the opened file.
        reading: how it is read.
        items: of the rows looked at.
    """
    there: Counter[str] = Counter()
    examples: dict[str, str] = {}
    facets: dict[str, None] = {}
    best: Item | None = None
    most = count = 0
    for item in items:
        count += 1
        held = {name: value for name in _ORDER if (value := _value(item, name)) not in (None, "", (), {})}
        there.update(held.keys())
        for name, value in held.items():
            if name not in examples:
                examples[name] = _shortened(value)
        facets |= dict.fromkeys(item.attributes)
        if len(held) > most:
            best, most = item, len(held)
    plan = reading.plan
    used = set(_named(plan, (*chain.from_iterable(plan.fields.values()), *plan.attributes.objects)))
    read = [name for name in _ORDER if name in plan.fields or (name == "group" and there[name])]
    return ReadingReport(
        source=source,
        format=table.format,
        details=table.details,
        kind=reading.kind.title,
        variants=reading.variants.value,
        fields=tuple(
            FieldReading(
                name,
                _named(plan, plan.fields.get(name, ())),
                round(there[name] / count, 4) if count else 0.0,
                examples.get(name, ""),
            )
            for name in read
        ),
        facets=tuple(facets)[:_MOST_FACETS],
        no_facets={name: why for name, why in plan.attributes.left_out.items() if name not in used},
        looked_at=reading.looked_at,
        example=best,
    )


def _named(plan: Plan, keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(map(plan.named, keys))))


def _value(item: Item, name: str) -> object:
    return getattr(item.signals if name in SIGNAL_FIELDS else item, name)


def _shortened(value: object) -> str:
    if isinstance(value, tuple):
        value = value[0]
    if isinstance(value, tuple):
        value = " > ".join(value)
    text = " ".join(str(value).split())
    return text if len(text) <= _EXAMPLE_CHARS else text[: _EXAMPLE_CHARS - 1] + "\N{HORIZONTAL ELLIPSIS}"
