"""Changes of one batch and what is stored → one write per item. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from indexer.updates.change import Change, Delete, NoSuchItem
from indexer.updates.dead_lines import DeadLine
from indexer.updates.derived import derived_of
from indexer.updates.input_lines import InputLine
from mappings.item_of import item_of
from records import Item

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
class Plan:
    """What one batch does."""

    writes: tuple[Write, ...]
    dead: tuple[DeadLine, ...]


def by_id(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Changes of each item, in their order."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.change.id, []).append(entry)
    return groups


def plan(
    groups: Mapping[str, Sequence[Entry]],
    stored: Mapping[str, Stored],
    text: Callable[[Item], str],
    vector_fields: Iterable[str],
) -> Plan:
    """One write for all changes of an item, the same as one write for each of them in turn.

    Args:
        groups: see `by_id`.
        stored: what is live, of these ids.
        text: what the encoder reads of an item.
        vector_fields: those that every document has.
    """
    writes: list[Write] = []
    dead: list[DeadLine] = []
    needed = frozenset(vector_fields)
    for id_, entries in groups.items():
        found = stored.get(id_)
        before = item_of(id_, found.source) if found else None
        after, applied = before, []
        for entry in entries:
            try:
                after = entry.change.applied_to(after)
                applied.append(entry)
            except NoSuchItem:
                dead.append(DeadLine(entry.line, id_, NO_SUCH_ITEM))
        # A delete is written even if nothing is there: its version keeps older writes out.
        if after is not None:
            derived = _kept(before, after, found, text, needed)
            writes.append(Write(id_, after, derived, tuple(applied)))
        elif any(isinstance(entry.change, Delete) for entry in applied):
            writes.append(Write(id_, None, None, tuple(applied)))
    return Plan(tuple(writes), tuple(dead))


def _kept(
    before: Item | None,
    after: Item,
    found: Stored | None,
    text: Callable[[Item], str],
    needed: frozenset[str],
) -> Mapping[str, Any] | None:
    if before is None or found is None or text(before) != text(after):
        return None
    derived = derived_of(found.source)
    return derived if needed <= derived.keys() else None
