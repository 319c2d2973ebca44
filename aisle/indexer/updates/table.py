"""Changes in a file that a catalogue's reader reads: every row an item, or what its column ``op`` says.

Rows that could be no items, as no column is a title, such as a list of prices, update what they name.

They become lines of changes as `change.parse_change` reads them: what cannot be applied is a dead letter that
can be sent again by itself.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from aisle.catalogue.exports import folded
from aisle.catalogue.fetch import is_url
from aisle.catalogue.names import names, spellings
from aisle.catalogue.numerals import DecimalMark
from aisle.catalogue.options import MAPPABLE, SEVERAL, SYNONYMS, ReadOptions
from aisle.catalogue.prices import read_price
from aisle.catalogue.reader import read_catalogue
from aisle.catalogue.rejects import Cells, Rejects, Row, Unreadable
from aisle.catalogue.sources import Source, open_source
from aisle.catalogue.tables import open_table
from aisle.errors import InputError
from aisle.indexer.dead_letters import DeadLetter, rejected_row
from aisle.indexer.updates.change import OP
from aisle.indexer.updates.input import Batch, BatchLimits, InputLine, Place, is_stream

_LINES: Final = "jsonl"


def is_table(where: str, options: ReadOptions) -> bool:
    """Whether a catalogue's reader reads it; else it is lines of changes.

    Args:
        where: a file, an address on the web, or ``-``.
        options: a format that is named, or columns, are those of a catalogue.
    """
    if options.format != "auto" or options.columns or is_url(where):
        return True
    if is_stream(where) or not Path(where).is_file():
        return False
    try:
        return open_table(where, options).format != _LINES
    except InputError:
        # Nothing that a reader knows: if it is no line of changes either, its lines tell that.
        return False


class _Letters(Rejects):
    """Rejected rows as dead letters, until they are taken."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[DeadLetter] = []

    def add(
        self, line: int, reason: str, row: bytes | Mapping[str, Any] | list[Any], identity: str = ""
    ) -> None:
        self._waiting.append(rejected_row(line, row, reason, identity))

    def take(self) -> tuple[DeadLetter, ...]:
        taken, self._waiting = tuple(self._waiting), []
        return taken


@dataclass(frozen=True, slots=True)
class TableStart:
    """A table, and how much of it is skipped.

    Attributes:
        source: the file.
        options: how it is read.
        place: what is skipped: ``line`` counts changes and rejected rows, offset and hash are those of the
            whole file.
        other: there was a checkpoint, but of another file.
    """

    source: Source
    options: ReadOptions
    place: Place
    other: bool = False

    @property
    def name(self) -> str:
        """For messages."""
        return self.source.name

    def batches(self, limits: BatchLimits, stop: threading.Event) -> TableBatches:
        """See `input.Batches`."""
        return TableBatches(self, limits, stop)


def start_table(where: str, options: ReadOptions, behind: Place) -> TableStart:
    """Begin behind ``behind``, if that is a place of this very file, or of one that it continues.

    Raises:
        InputError: it cannot be read.
    """
    source = open_source(where, options)
    digest = hashlib.sha256()
    with source.path.open("rb") as file:
        digest.update(file.read(behind.offset))
        same = behind.line > 0 and digest.hexdigest() == behind.sha256
        while piece := file.read(1 << 20):
            digest.update(piece)
        place = Place(behind.line if same else 0, file.tell(), digest.hexdigest())
    return TableStart(source, options, place, other=behind.line > 0 and not same)


@dataclass(slots=True)
class TableBatches:
    """The changes of a table, some at a time; iterate once.

    Attributes:
        unfinished: always 0: a table's last row is whole.
    """

    start: TableStart
    limits: BatchLimits
    stop: threading.Event
    unfinished: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[Batch]:
        """Until the table ends, or ``stop``.

        Raises:
            InputError: it cannot be read, or a column of a table of changes is no field.
        """
        letters = _Letters()
        taken: list[InputLine] = []
        dead: list[DeadLetter] = []
        begin = self.start.place
        # Of changes and rejected rows, in the order in which they come.
        count = 0
        for change in self._changes(letters):
            rejected = letters.take()
            dead += rejected[max(0, begin.line - count) :]
            count += len(rejected) + 1
            if count <= begin.line:
                continue
            place = Place(count, begin.offset, begin.sha256)
            taken.append(InputLine(orjson.dumps(change, default=str), place))
            if len(taken) >= self.limits.lines:
                yield Batch(tuple(taken), full=True, dead=tuple(dead), end=place)
                taken, dead = [], []
            if self.stop.is_set():
                break
        rejected = letters.take()
        dead += rejected[max(0, begin.line - count) :]
        count += len(rejected)
        if taken or dead:
            end = Place(count, begin.offset, begin.sha256)
            yield Batch(tuple(taken), full=False, dead=tuple(dead), end=end)

    def _changes(self, letters: _Letters) -> Iterator[Cells]:
        path, options = self.start.source.path, self.start.options
        with self.start.source.named():
            first = next(open_table(path, options).rows(Rejects()), None)
            if first is None or not are_changes(first.cells, options):
                for item in read_catalogue(path, options, letters):
                    yield item.to_json()
                return
            known: dict[str, str] = {}
            for row in open_table(path, options).rows(letters):
                if not row.cells.keys() <= known.keys():
                    known |= change_fields(row.cells, options)
                yield {OP: "update", **dict(_change(row, known, options))}


def are_changes(columns: Iterable[str], options: ReadOptions) -> bool:
    """Whether rows with these columns say what changes: one is ``op``, or none could be a title."""
    columns = list(columns)
    found = {_field_of(column) for column in columns}
    return OP in map(folded, columns) or not ("title" in found or "title" in options.mapped)


def change_fields(columns: Iterable[str], options: ReadOptions) -> dict[str, str]:
    """Column to the field of an item that it changes, by ``--map`` and by its name alone.

    A table of changes need not look like a catalogue: it may hold prices and nothing else.

    Raises:
        InputError: a column is no field, or none is the id.
    """
    mapped = {folded(column): name for name, of in options.mapped.items() for column in of}
    found = {column: mapped.get(folded(column)) or _field_of(column) for column in columns}
    if "id" not in found.values():
        sure = [column for column in found if spellings(column)[0] in names("sure_id")]
        other = [column for column in found if set(spellings(column)) & set(names("id"))]
        for column in (sure or other)[:1]:
            found[column] = "id"
    unknown = [column for column, name in found.items() if not name]
    if unknown:
        raise InputError(
            f"no field of an item is called {', '.join(map(repr, unknown[:5]))}",
            fix="say what it is, as in --map attributes=Colour, or leave the column out",
        )
    if "id" not in found.values():
        raise InputError("no column is the id", fix="name it, as in --map 'id=Variant SKU'")
    return {column: name for column, name in found.items() if name}


_FIELDS: Final = tuple(name for name in MAPPABLE if name not in ("id", "attributes", "group", "identifiers"))


def _field_of(column: str) -> str | None:
    name = folded(column).replace(" ", "_")
    if name == OP or name in MAPPABLE:
        return name
    if name in SYNONYMS:
        return SYNONYMS[name]
    spelled = set(spellings(column))
    return next((one for one in _FIELDS if spelled & set(names(one))), None)


def _change(row: Row, known: Mapping[str, str], options: ReadOptions) -> Iterator[tuple[str, Any]]:
    """The cells that are filled, by field; an empty one changes nothing."""
    several: dict[str, list[Any]] = {}
    attributes: dict[str, Any] = {}
    for column, cell in row.cells.items():
        name = known[column]
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            continue
        if name == "attributes":
            attributes |= cell if isinstance(cell, dict) else {column: cell}
        elif name in SEVERAL:
            several.setdefault(name, []).append(cell)
        elif name == OP:
            yield OP, str(cell).strip().casefold()
        elif name in ("price", "list_price") and options.decimal:
            yield name, _price(cell, DecimalMark(options.decimal))
        else:
            yield name, cell
    for name, cells in several.items():
        yield name, cells[0] if len(cells) == 1 else cells
    if attributes:
        yield "attributes", attributes


def _price(cell: object, decimal: DecimalMark) -> object:
    try:
        price = read_price(cell, decimal)
    except Unreadable:
        # Whoever reads the line says so.
        return cell
    return price.amount if price else None
