"""The one entry: a path in, items out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain, islice
from pathlib import Path
from typing import Final

import orjson

from aisle.catalogue.exports import KINDS, Plain, Variants, kind_cells
from aisle.catalogue.item import ItemBuilder
from aisle.catalogue.item_fields import read_fields
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.plan import PlannedReading, describe, plan_reading
from aisle.catalogue.rejects import BadRow, Cells, Rejects, Row
from aisle.catalogue.report import CountedRejects, ReadingReport, RowCounts
from aisle.catalogue.seen import DUPLICATE, SeenIds
from aisle.catalogue.sources import fixed_file
from aisle.catalogue.tables import TABLES, open_table
from aisle.catalogue.variants import Reading, grouped
from aisle.errors import InputError
from aisle.types import Item

# What is decided by the first rows is decided by so many, and by fewer where they have very many cells.
_LOOK_AHEAD: Final = 1_000
_LOOK_AHEAD_CELLS: Final = 500_000
_LOOK_AHEAD_CHARS: Final = 32 * 1024 * 1024


def formats() -> tuple[str, ...]:
    """The names that ``ReadOptions.format`` takes."""
    return ("auto", *dict.fromkeys((*(table.name for table in TABLES), *(kind.name for kind in KINDS))))


class Catalogue(Iterator[Item]):
    """The items of a catalogue, each once; and what is said of how they are read.

    Attributes:
        report: what is read as what; known before the first item.
        counts: where every row went; grows with every item.
    """

    def __init__(self, items: Iterator[Item], report: ReadingReport, counts: RowCounts) -> None:
        self._items = items
        self.report = report
        self.counts = counts

    def __iter__(self) -> Iterator[Item]:
        return self._items

    def __next__(self) -> Item:
        return next(self._items)


def read_catalogue(
    path: str | Path, options: ReadOptions | None = None, rejects: Rejects | None = None
) -> Catalogue:
    """Read a catalogue, row by row, in constant memory but for 11 to 22 bytes an id.

    The file is opened and its columns are found before this returns; the items follow lazily. A bad row goes
    to ``rejects`` and reading goes on. Of two rows with one id the first stays.

    Args:
        path: a file (see ``formats``; plain, gzip, or alone in a zip archive), a BEIR or ESCI folder, ``-``
            for standard input, the address of a feed on the web, or ``hub:OWNER/NAME``.
        options: format, column mapping and filters; by default everything is found out.
        rejects: collects the bad rows; by default they are only left out.

    Raises:
        InputError: no such file, empty, one that cannot be fetched or unpacked, unknown format, no usable
            columns; later: a file that breaks off, or one of which every row was rejected.
        MissingExtra: Parquet, XLSX or the hub without their extras.
    """
    options = options or ReadOptions()
    rejects = rejects if rejects is not None else Rejects()
    if options.format not in formats():
        raise InputError(f"unknown format '{options.format}'", fix=f"choose from {', '.join(formats())}")
    counts = RowCounts()
    table = open_table(path, options)
    name = table.name
    rows = table.rows(CountedRejects(rejects, counts))
    head = _head_of(rows)
    if not head:
        raise _nothing(name, counts, rejects)
    reading = plan_reading(name, head, options)
    report = describe(name, table, reading, _items(iter(head), reading, RowCounts(), Rejects()))
    items = _items(chain(head, rows), reading, counts, rejects)
    return Catalogue(_limited(items, options.limit, name, counts, rejects), report, counts)


def _head_of(rows: Iterator[Row]) -> list[Row]:
    head: list[Row] = []
    cells = chars = 0
    for row in islice(rows, _LOOK_AHEAD):
        head.append(row)
        cells += len(row.cells)
        chars += sum(len(cell) for cell in row.cells.values() if isinstance(cell, str))
        if cells > _LOOK_AHEAD_CELLS or chars > _LOOK_AHEAD_CHARS:
            break
    return head


def _items(
    rows: Iterator[Row], reading: PlannedReading, counts: RowCounts, rejects: Rejects
) -> Iterator[Item]:
    if isinstance(reading.kind, Plain) and reading.variants is Variants.SEPARATE:
        return _one_by_one(rows, reading.builder, counts, rejects)
    how = Reading(reading.kind, reading.builder, reading.variants, reading.own_ids)
    return grouped(rows, how, counts, rejects, SeenIds())


def _one_by_one(
    rows: Iterator[Row], builder: ItemBuilder, counts: RowCounts, rejects: Rejects
) -> Iterator[Item]:
    """Of each row one item: `grouped` without its work on groups, which takes its time."""
    seen = SeenIds()
    for row in rows:
        counts.rows += 1
        item, lost, wrong = builder.read(row.cells)
        if wrong:
            reason = wrong.get("id") or wrong["title"]
        elif not seen.add(item.id):
            reason = DUPLICATE
        else:
            counts.add(item, lost.values())
            yield item
            continue
        counts.rejected += 1
        rejects.add(row.line, reason, row.cells, item.id)


def _limited(
    items: Iterator[Item], limit: int | None, name: str, counts: RowCounts, rejects: Rejects
) -> Iterator[Item]:
    """The same items, up to the limit; an error if there are none."""
    count = 0
    for item in islice(items, limit):
        count += 1
        yield item
    if not count:
        raise _nothing(name, counts, rejects)
    if limit is not None and not counts.balanced:
        # Of groups that wait for rows that are not read any more.
        gone = counts.items + counts.merged + counts.rejected + counts.left_out.total()
        counts.left_out["over the limit"] += counts.rows - gone


def _nothing(name: str, counts: RowCounts, rejects: Rejects) -> InputError:
    if counts.rejected:
        reason, times = rejects.reasons.most_common(1)[0]
        where = f"; see {rejects.path}" if rejects.path else ""
        bad = f"{counts.rejected:,}), most often because: {reason} ({times:,}"
        return InputError(
            f"every row of {name} was rejected ({bad})",
            fix=f"check the columns (--map) and the format (--format){where}",
        )
    if counts.left_out:
        reason, times = counts.left_out.most_common(1)[0]
        out = f"{counts.left_out.total():,}), most often as: {reason} ({times:,}"
        return InputError(
            f"every row of {name} was left out ({out})",
            fix="export the products that are to be found, or check the locale",
        )
    return InputError(f"{name} holds no items", fix="name a file that holds rows, or check the locale")


# The item, or why there is none.
ReadRow = Callable[[Cells], Item | str]


def row_reader(
    name: str, rows: Sequence[Cells], options: ReadOptions, known_ids: Sequence[str] = ()
) -> ReadRow:
    """Reads rows by themselves as ``read_catalogue`` does.

    Args:
        name: of the file, for messages.
        rows: that the columns are found by.
        options: format and column mapping.
        known_ids: of each of the rows the id that it was read under before, empty where there was none.

    Raises:
        InputError: no column can be the id or the title.
    """
    reading = plan_reading(name, [Row(0, cells) for cells in rows], options, known_ids)

    def read(cells: Cells) -> Item | str:
        part = reading.builder.part(kind_cells(reading.kind, cells))
        return part.wrong.get("id") or part.wrong.get("title") or part.item

    return read


def item_reader() -> ReadRow:
    """Reads rows whose cells are an item's own fields."""

    def read(cells: Cells) -> Item | str:
        try:
            return read_fields(cells).item()
        except BadRow as reason:
            return str(reason)

    return read


def fingerprint(path: str | Path, options: ReadOptions) -> Mapping[str, str] | None:
    """Named parts that decide which item comes at which place, for ``read_catalogue`` with these arguments.

    Args:
        path: as there. The file is read once, in constant memory.
        options: as there.

    Returns:
        None for what has no fixed content: a data set streamed from the hub, a pipe.

    Raises:
        InputError, MissingExtra: as ``read_catalogue``.
    """
    file = fixed_file(path)
    if file is None or not file.is_file():
        return None
    with file.open("rb") as stream:
        content = hashlib.file_digest(stream, "sha256").hexdigest()
    how = {**asdict(options), "columns": options.mapped}
    # They decide whether something is read, not what.
    del how["allow_private"], how["max_bytes"]
    return {
        "the content of the catalogue": content,
        "the reading options (--format, --map, --locale, --limit)": orjson.dumps(
            how, option=orjson.OPT_SORT_KEYS
        ).decode(),
    }
