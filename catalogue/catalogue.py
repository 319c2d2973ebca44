"""The one entry: a path in, items out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Final

from catalogue.build import item_from
from catalogue.columns import Columns, resolve, schema_of
from catalogue.hub import PREFIX
from catalogue.locate import catalogue_file
from catalogue.options import ReadOptions
from catalogue.rejects import Rejects
from catalogue.rows import BadRow, Row
from catalogue.schemas import SCHEMAS, Schema
from catalogue.seen import SeenIds
from catalogue.sources import open_rows
from catalogue.tables import TABLES
from records import InputError, Item

# Rows of JSON may each have other keys: so many are looked at before the columns count as known.
_LOOK_AHEAD = 100
DUPLICATE: Final = "duplicate id"


def formats() -> tuple[str, ...]:
    """The names that ``ReadOptions.format`` takes."""
    return ("auto", *(table.name for table in TABLES), *(schema.name for schema in SCHEMAS))


def read_catalogue(
    path: str | Path, options: ReadOptions | None = None, rejects: Rejects | None = None
) -> Iterator[Item]:
    """Read a catalogue, row by row, in constant memory but for 11 to 22 bytes an id.

    The file is opened and its columns are found before this returns; the items follow lazily. A bad row goes
    to ``rejects`` and reading goes on. Of two rows with one id the first stays.

    Args:
        path: a file (JSON lines, CSV, Parquet; plain or gzip), a BEIR or ESCI folder, or ``hub:OWNER/NAME``.
        options: format, column mapping and filters; by default everything is found out.
        rejects: collects the bad rows; by default they are only left out.

    Raises:
        InputError: no such file, empty, unknown format, no usable columns; later: a file that breaks off, or
            one of which every row was rejected.
        MissingExtra: Parquet or the hub without their extras.
    """
    options = options or ReadOptions()
    rejects = rejects if rejects is not None else Rejects()
    if options.format not in formats():
        raise InputError(f"unknown format '{options.format}'", fix=f"choose from {', '.join(formats())}")
    before = rejects.count
    if not (isinstance(path, str) and path.startswith(PREFIX)):
        path = catalogue_file(Path(path))
    name = path.name if isinstance(path, Path) else path
    rows = open_rows(path, options, rejects)
    head = list(islice(rows, _LOOK_AHEAD))
    if not head:
        raise _nothing(name, rejects, before)
    names = list(dict.fromkeys(column for row in head for column in row.cells))
    schema = schema_of(names, options)
    prepared = list(schema.prepare(dict.fromkeys(names)))
    columns = resolve(name, prepared, schema, options)
    items = _items(chain(head, rows), schema, columns, options, rejects)
    return _some(items, name, rejects, before, options.limit)


def _items(
    rows: Iterator[Row], schema: Schema, columns: Columns, options: ReadOptions, rejects: Rejects
) -> Iterator[Item]:
    seen = SeenIds()
    for row in rows:
        identity = ""
        if options.locale and schema.locale and row.cells.get(schema.locale) != options.locale:
            continue
        try:
            item = item_from(schema.prepare(row.cells), columns)
            identity = item.id
            if not seen.add(identity):
                raise BadRow(DUPLICATE)
        except BadRow as reason:
            rejects.add(row.line, str(reason), row.cells, identity)
        else:
            yield item


def _some(
    items: Iterator[Item], name: str, rejects: Rejects, before: int, limit: int | None
) -> Iterator[Item]:
    """The same items; an error if there are none."""
    count = 0
    for item in islice(items, limit):
        count += 1
        yield item
    if not count:
        raise _nothing(name, rejects, before)


def _nothing(name: str, rejects: Rejects, before: int) -> InputError:
    bad = rejects.count - before
    if not bad:
        return InputError(f"{name} holds no items", fix="name a file that holds rows, or check the locale")
    reason, times = rejects.reasons.most_common(1)[0]
    where = f"; see {rejects.path}" if rejects.path else ""
    return InputError(
        f"every row of {name} was rejected ({bad:,}), most often because: {reason} ({times:,})",
        fix=f"check the columns (--map) and the format (--format){where}",
    )
