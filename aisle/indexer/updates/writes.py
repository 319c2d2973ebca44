"""Changes of one batch and what is stored → one write per item. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from aisle.catalogue.rejects import BadRow
from aisle.indexer.bulk import Line, Refusal, serialise
from aisle.indexer.dead_letters import DeadLetter, unapplied_change
from aisle.indexer.updates.change import Change, Delete, NoSuchItem, parse_change
from aisle.indexer.updates.input import InputLine
from aisle.indexer.vectors import ItemEncoder, ReleaseEncoders
from aisle.mappings import fields
from aisle.mappings.document import document, item_of
from aisle.types import Item


def derived_of(source: Mapping[str, Any]) -> dict[str, Any]:
    """Vectors and semantic ids, which stay true as long as the item's text does."""
    return {field: value for field, value in source.items() if field not in fields.OF_ITEM}


NO_SUCH_ITEM = "no such item"


@dataclass(frozen=True, slots=True)
class Entry:
    """A change and the line that said so."""

    line: InputLine
    change: Change


@dataclass(frozen=True, slots=True)
class Stored:
    """A live document: its version and its ``_source``."""

    version: int
    source: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Write:
    """What one item becomes.

    Attributes:
        id: of the item.
        item: None deletes it.
        derived: fields that are kept as they are stored; None if they must be made anew.
        entries: the changes it stands for.
    """

    id: str
    item: Item | None
    derived: Mapping[str, Any] | None
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class PlannedWrites:
    """What one batch does."""

    writes: tuple[Write, ...]
    dead: tuple[DeadLetter, ...]


def unapplied(line: InputLine, id_: str, reason: str) -> DeadLetter:
    """The letter of a line that was not applied.

    Args:
        line: whole.
        id_: of the item that it names; "" if it names none.
        reason: a fixed phrase.
    """
    return unapplied_change(line.place.line, line.row, id_, reason)


def by_id(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Changes of each item, in their order."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.change.id, []).append(entry)
    return groups


def plan_writes(
    groups: Mapping[str, Sequence[Entry]],
    stored: Mapping[str, Stored],
    text: Callable[[Item], str],
    encoder: ItemEncoder,
) -> PlannedWrites:
    """One write for all changes of an item, the same as one write for each of them in turn.

    Args:
        groups: see `by_id`.
        stored: what is live, of these ids.
        text: what an encoder of texts reads of an item.
        encoder: of the release.
    """
    writes: list[Write] = []
    dead: list[DeadLetter] = []
    for id_, entries in groups.items():
        found = stored.get(id_)
        before = item_of(id_, found.source) if found else None
        after, applied = before, []
        for entry in entries:
            try:
                after = entry.change.applied_to(after)
                applied.append(entry)
            except NoSuchItem:
                dead.append(unapplied(entry.line, id_, NO_SUCH_ITEM))
        # A delete is written even if nothing is there: its version keeps older writes out.
        if after is not None:
            derived = _kept(before, after, found, text, encoder)
            writes.append(Write(id_, after, derived, tuple(applied)))
        elif any(isinstance(entry.change, Delete) for entry in applied):
            writes.append(Write(id_, None, None, tuple(applied)))
    return PlannedWrites(tuple(writes), tuple(dead))


def _kept(
    before: Item | None,
    after: Item,
    found: Stored | None,
    text: Callable[[Item], str],
    encoder: ItemEncoder,
) -> Mapping[str, Any] | None:
    if before is None or found is None or text(before) != text(after):
        return None
    if encoder.item_spaces.relates and _content(before) != _content(after):
        return None
    derived = derived_of(found.source)
    # A head has no vector for an item of which it knows nothing.
    return derived if encoder.spaces.keys() - fields.HEADS <= derived.keys() else None


def _content(item: Item) -> tuple[object, ...]:
    """What an item-to-item model reads of an item beside its text."""
    return item.brand, item.categories


def action(write: Write, derived: Mapping[str, Any], version: int) -> Line | Refusal:
    """One write, ready to send.

    Args:
        write: what the item becomes.
        derived: vector fields and their like, kept or made anew.
        version: of the document; the server keeps what it has under a larger one.
    """
    if write.item is None:
        meta = {"_id": write.id, "version": version, "version_type": "external_gte"}
        return Line(write.id, orjson.dumps({"delete": meta}, option=orjson.OPT_APPEND_NEWLINE))
    return serialise(write.id, document(write.item, derived), version)


def parsed(lines: Sequence[InputLine]) -> tuple[list[Entry], list[DeadLetter]]:
    """Changes, and the lines that are none; empty lines are neither."""
    entries: list[Entry] = []
    dead: list[DeadLetter] = []
    for line in lines:
        if not line.row.strip():
            continue
        try:
            entries.append(Entry(line, parse_change(line.row)))
        except BadRow as reason:
            dead.append(unapplied(line, "", str(reason)))
    return entries, dead


@dataclass(frozen=True, slots=True)
class Encoding:
    """How items that changed get their vectors.

    Attributes:
        encoders: of the releases.
        text: what an encoder reads of an item: as long as it stays, so do the vectors.
    """

    encoders: ReleaseEncoders
    text: Callable[[Item], str]


def encoded(encoder: ItemEncoder, writes: Sequence[Write]) -> dict[str, dict[str, Any]]:
    """The vectors of items whose text is new, by id."""
    items = [write.item for write in writes if write.item is not None and write.derived is None]
    if not items:
        return {}
    matrices = encoder.encode(items)
    return {
        item.id: {field: matrix[row] for field, matrix in matrices.items()} for row, item in enumerate(items)
    }
