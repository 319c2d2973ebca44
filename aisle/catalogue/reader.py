"""The one entry: a path in, items out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from itertools import chain, islice
from pathlib import Path

import orjson

from aisle._files import GZIP_ERRORS, UTF8_BOM, breaks_off, open_bytes
from aisle.catalogue.columns import (
    PLAIN,
    SCHEMAS,
    Columns,
    Schema,
    item_from,
    resolve,
    schema_of,
)
from aisle.catalogue.formats.base import OpenTable, Table
from aisle.catalogue.formats.bulk import Bulk
from aisle.catalogue.formats.delimited import Delimited
from aisle.catalogue.formats.hub import PREFIX, DataSet, hub_file, split_address
from aisle.catalogue.formats.json_document import JsonDocument
from aisle.catalogue.formats.json_lines import JsonLines
from aisle.catalogue.formats.parquet import Parquet
from aisle.catalogue.formats.xml_feed import XmlFeed
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import BadRow, Cells, Rejects, Row
from aisle.catalogue.report import ReadingReport, RowCounts
from aisle.catalogue.seen import DUPLICATE, SeenIds
from aisle.errors import InputError
from aisle.types import Item

_NAMES = (
    "corpus.jsonl",
    "corpus.jsonl.gz",
    "corpus.parquet",
    "shopping_queries_dataset_products.parquet",
    "shopping_queries_dataset_products.csv",
)


def catalogue_file(path: Path) -> Path:
    """``path`` itself, or the catalogue in that folder (BEIR's or ESCI's file names).

    Raises:
        InputError: a folder without such a file (lists what it holds).
    """
    if not path.is_dir():
        return path
    for name in _NAMES:
        if (path / name).is_file():
            return path / name
    held = sorted(entry.name for entry in path.iterdir())[:10]
    raise InputError(
        f"{path} holds no corpus.jsonl (found: {', '.join(held) or 'nothing'})",
        fix="name the file of products itself",
    )


# Rows are long, and the first line of a text tells JSON lines from a document.
_HEAD_BYTES = 256 * 1024


TABLES: tuple[Table, ...] = (Parquet(), Bulk(), JsonLines(), JsonDocument(), XmlFeed(), Delimited())


def table_of(path: Path, name: str) -> Table:
    """The table called ``name``, else the one that the file looks like.

    Raises:
        InputError: unreadable file, or no known kind.
    """
    head = _head(path)
    for table in TABLES:
        if table.name == name:
            return table
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    # Parquet and JSON are plain to see. A damaged first line must not make a .jsonl a CSV, so then the name
    # decides; a comma in the first line is the weakest sign.
    for table in TABLES:
        if table.certain and table.matches(head):
            return table
    for table in TABLES:
        if suffix in table.suffixes and not table.binary:
            return table
    for table in TABLES:
        if table.matches(head):
            return table
    raise InputError(
        f"cannot tell the format of {path}",
        fix="give JSON lines, CSV or Parquet (plain or gzip), or name it: --format",
    )


def _head(path: Path) -> bytes:
    head = b""
    with open_bytes(path) as file:
        try:
            while len(head) < _HEAD_BYTES and (piece := file.read(_HEAD_BYTES // 64)):
                head += piece
        except GZIP_ERRORS as error:
            # Of what breaks off later, the rows before count, so it is told when they were read.
            if not head:
                raise breaks_off(path, "at the start", error) from None
    return head.removeprefix(UTF8_BOM)


def open_table(path: str | Path, options: ReadOptions) -> OpenTable:
    """Open a file, ``hub:OWNER/NAME`` or ``hub:OWNER/NAME/FILE``.

    Raises:
        InputError: it cannot be opened, or its format is unknown.
        MissingExtra: Parquet or the hub without their extras.
    """
    if isinstance(path, str) and path.startswith(PREFIX):
        name, file = split_address(path)
        if not file:
            return DataSet(name, options)
        path = hub_file(name, file)
    path = Path(path)
    return table_of(path, options.format).open(path, options)


# Rows of JSON may each have other keys: so many are looked at before the columns count as known.
_LOOK_AHEAD = 100


def formats() -> tuple[str, ...]:
    """The names that ``ReadOptions.format`` takes."""
    return ("auto", *(table.name for table in TABLES), *(schema.name for schema in SCHEMAS))


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
        return self

    def __next__(self) -> Item:
        return next(self._items)


def read_catalogue(
    path: str | Path, options: ReadOptions | None = None, rejects: Rejects | None = None
) -> Catalogue:
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
    rows = open_table(path, options).rows(rejects)
    head = list(islice(rows, _LOOK_AHEAD))
    if not head:
        raise _nothing(name, rejects, before)
    names = list(dict.fromkeys(column for row in head for column in row.cells))
    schema = schema_of(names, options)
    prepared = list(schema.prepare(dict.fromkeys(names)))
    columns = resolve(name, prepared, schema, options)
    counts = RowCounts()
    items = _items(chain(head, rows), schema, columns, options, rejects, counts)
    report = ReadingReport(name, options.format, "", "", "separate", (), (), {}, len(head), None)
    return Catalogue(_some(items, name, rejects, before, options.limit), report, counts)


def _items(
    rows: Iterator[Row],
    schema: Schema,
    columns: Columns,
    options: ReadOptions,
    rejects: Rejects,
    counts: RowCounts,
) -> Iterator[Item]:
    seen = SeenIds()
    for row in rows:
        counts.rows += 1
        identity = ""
        if options.locale and schema.locale and row.cells.get(schema.locale) != options.locale:
            counts.left_out["another locale"] += 1
            continue
        try:
            item = item_from(schema.prepare(row.cells), columns)
            identity = item.id
            if not seen.add(identity):
                raise BadRow(DUPLICATE)
        except BadRow as reason:
            counts.rejected += 1
            rejects.add(row.line, str(reason), row.cells, identity)
        else:
            counts.items += 1
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


# The item, or why there is none.
ReadRow = Callable[[Cells], Item | str]


def row_reader(name: str, columns: Sequence[str], options: ReadOptions) -> ReadRow:
    """Reads rows as ``read_catalogue`` does.

    Args:
        name: of the file, for messages.
        columns: every column that a row of it has.
        options: format and column mapping.

    Raises:
        InputError: no column can be the id or the title.
    """
    schema = schema_of(columns, options)
    found = resolve(name, list(schema.prepare(dict.fromkeys(columns))), schema, options)

    def read(cells: Cells) -> Item | str:
        try:
            return item_from(schema.prepare(cells), found)
        except BadRow as reason:
            return str(reason)

    return read


def item_reader() -> ReadRow:
    """Reads rows whose cells are an item's own fields."""
    names = [field.name for field in fields(Item)]
    return row_reader("an item", names, ReadOptions(format=PLAIN.name))


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
    file = _file(path)
    if file is None or not file.is_file():
        return None
    with file.open("rb") as stream:
        content = hashlib.file_digest(stream, "sha256").hexdigest()
    how = {**asdict(options), "columns": options.mapped}
    return {
        "the content of the catalogue": content,
        "the reading options (--format, --map, --locale, --limit)": orjson.dumps(
            how, option=orjson.OPT_SORT_KEYS
        ).decode(),
    }


def has_fixed_content(path: str | Path) -> bool:
    """Whether a reader would find the same there again; also of a file that is not there, which readers tell.

    Raises:
        InputError, MissingExtra: as ``read_catalogue``.
    """
    file = _file(path)
    return file is not None and (file.is_file() or not file.exists())


def _file(path: str | Path) -> Path | None:
    if isinstance(path, str) and path.startswith(PREFIX):
        name, file = split_address(path)
        return hub_file(name, file) if file else None
    return catalogue_file(Path(path))
