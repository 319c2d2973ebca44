"""A shop's own orders, any table with a line for each item of an order, as baskets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from aisle.baskets import Baskets, baskets_of
from aisle.catalogue.interactions import CatalogueTexts, InteractionFiles, read_interactions_of
from aisle.catalogue.order_lines import (
    BASKET,
    ITEM,
    QUANTITY,
    TIME,
    TITLE,
    OrderOptions,
    OwnedLines,
    read_order_lines,
)
from aisle.errors import InputError
from aisle.sequences import offsets_of

ALONE: Final = "item is alone in its basket"
AGAIN: Final = "again the same item of a basket"

_BASKETS_LINES: Final = OwnedLines(BASKET, required=(BASKET, ITEM), optional=(TIME, QUANTITY, TITLE))


@dataclass(frozen=True, slots=True)
class ReadBaskets:
    """What was read.

    Attributes:
        baskets: of two items or more, the oldest first; as they stand where there are no times.
        titles: of each item, where the table gives them; else empty.
        rows: lines that were there.
        skipped: reason to number of lines that were left out.
        columns: field to the column it was read from; empty for a file of sequences.
    """

    baskets: Baskets
    titles: tuple[str, ...]
    rows: int
    skipped: Mapping[str, int]
    columns: Mapping[str, str]

    def words(self) -> str:
        """What became of the lines, on one line."""
        kept = len(self.baskets.members)
        lost = "; ".join(f"{count:,} {reason}" for reason, count in self.skipped.items())
        said = f"{kept:,} of {self.rows:,} lines in {len(self.baskets):,} baskets"
        return f"{said}; skipped: {lost}" if lost else said


def read_baskets(
    path: str | Path,
    items: Sequence[str] | None = None,
    options: OrderOptions | None = None,
    *,
    aliases: Mapping[str, str] = MappingProxyType({}),
) -> ReadBaskets:
    """Read a table with a line for each item of an order: invoices, receipts, exports of orders.

    Lines may stand in any order. Returns, lines that are no products, items that the catalogue does not have,
    and baskets of one item, which say nothing about what goes together, are left out and counted.

    Args:
        path: whatever the catalogue's readers open: CSV, JSON, XLSX or Parquet, packed or not, ``-``.
        items: ids of the catalogue; None takes every item of a basket of two, in the order in which they
            occur.
        options: columns, format, what is a product.
        aliases: other names of items, such as the SKUs of their variants, to their ids.

    Raises:
        InputError: no such file, no column of baskets or items, no basket of two items, or times such as
            03/04/2026 in a file that does not tell whether days come first.
        MissingExtra: Parquet or XLSX without their extras.
    """
    lines = read_order_lines(path, _BASKETS_LINES, items, options or OrderOptions(), aliases)
    keys = lines.owned * len(lines.items) + lines.members
    _, first = np.unique(keys, return_index=True)
    if again := len(keys) - len(first):
        lines.skipped[AGAIN] += again
    begins = np.full(len(lines.owners), np.inf)
    np.fmin.at(begins, lines.owned, lines.times)
    # By time, of one time as they stand; a basket's items as they stand.
    order = np.argsort(begins, kind="stable") if TIME in lines.columns else np.arange(len(begins))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    first = first[np.lexsort((first, place[lines.owned[first]]))]
    baskets = Baskets(
        lines.items,
        tuple(lines.owners[owner] for owner in order.tolist()),
        offsets_of(np.bincount(place[lines.owned[first]], minlength=len(order))),
        lines.members[first],
        begins[order] if TIME in lines.columns else None,
    )
    titles = lines.titles if any(lines.titles) else ()
    read = ReadBaskets(baskets, titles, lines.rows, lines.skipped, lines.columns)
    read = _of_two_or_more(read, Path(path).name)
    return _of_items_in_baskets(read) if items is None else read


def read_baskets_of(
    files: InteractionFiles, known: CatalogueTexts | None = None, options: OrderOptions | None = None
) -> ReadBaskets:
    """Read baskets, whichever way they are written; of a file of sequences each user's items are a basket.

    Args:
        files: where they lie.
        known: items of the catalogue; None takes every item that occurs.
        options: of a table of orders.

    Raises:
        InputError: a file that cannot be read, or holds no basket of these items.
        MissingExtra: Parquet or XLSX without their extras.
    """
    if not files.are_sequences:
        if known is None:
            return read_baskets(files.events, None, options)
        return read_baskets(files.events, known.ids, options, aliases=known.aliases)
    read = read_interactions_of(files, known, options)
    baskets = baskets_of(read.sequences)
    skipped = dict(read.skipped)
    if again := len(read.sequences.steps) - len(baskets.members):
        skipped[AGAIN] = again
    return _of_two_or_more(
        ReadBaskets(baskets, (), read.rows, skipped, read.columns), Path(files.events).name
    )


def _of_two_or_more(read: ReadBaskets, name: str) -> ReadBaskets:
    """Without baskets of one item, which are counted.

    Raises:
        InputError: no others are there.
    """
    lengths = read.baskets.lengths
    alone = int(np.count_nonzero(lengths == 1))
    skipped = {**read.skipped, **({ALONE: alone} if alone else {})}
    kept = np.flatnonzero(lengths > 1)
    if not len(kept):
        raise InputError(
            f"no basket of {name} has two items",
            fix="name the column that the lines of an order share: --map basket=ORDER",
        )
    by_count = dict(sorted(skipped.items(), key=lambda entry: -entry[1]))
    return replace(read, baskets=read.baskets.of_baskets(kept), skipped=by_count)


def _of_items_in_baskets(read: ReadBaskets) -> ReadBaskets:
    """Without items that are in no basket."""
    known = np.unique(read.baskets.members).tolist()
    items = tuple(read.baskets.items[item] for item in known)
    titles = tuple(read.titles[item] for item in known) if read.titles else ()
    return replace(read, baskets=read.baskets.onto(items), titles=titles)
