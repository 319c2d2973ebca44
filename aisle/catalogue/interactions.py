"""Where a recommender learns from: a folder of sequences, or a shop's orders and its catalogue."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from aisle.catalogue.order_lines import NOT_IN_CATALOGUE, OrderOptions
from aisle.catalogue.orders import ReadSequences, read_orders
from aisle.catalogue.reader import read_catalogue
from aisle.catalogue.rejects import Rejects
from aisle.catalogue.sequence_file import read_user_sequences
from aisle.encoder.text import item_text
from aisle.errors import InputError
from aisle.mappings import fields
from aisle.sequences import Sequences, offsets_of


@dataclass(frozen=True, slots=True)
class CatalogueTexts:
    """Items as a recommender knows them.

    Attributes:
        ids: of every row that has one, also of those without a title, which are no items for a search.
        titles: of each; empty without one.
        texts: for encoders; empty likewise.
        aliases: identifiers (SKU, MPN, GTIN) that are one item's alone, and no id, to its id: orders name
            the variant that was bought.
        categories: of each item the first path, its parts joined by " > "; empty without one.
        brands: of each; empty without one.
    """

    ids: tuple[str, ...]
    titles: tuple[str, ...]
    texts: tuple[str, ...]
    aliases: Mapping[str, str]
    categories: tuple[str, ...]
    brands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InteractionFiles:
    """Where things lie.

    Attributes:
        events: a file of sequences (a line for each user) or a table of orders.
        catalogue: of the items; None if there is none.
    """

    events: str | Path
    catalogue: str | Path | None = None

    @property
    def are_sequences(self) -> bool:
        """Whether the events are lines of a user and items; else they are a table."""
        name = Path(self.events).name.removesuffix(".gz")
        return name.endswith(".txt")


_EVENTS: Final = ("*sequence*", "*orders*", "*interactions*", "*events*", "*purchases*", "*transactions*")
_CATALOGUES: Final = ("corpus.*", "items.*", "products.*", "catalogue.*", "catalog.*")


def interaction_files(folder: Path) -> InteractionFiles:
    """Find the events and the catalogue of a folder by their names.

    Raises:
        InputError: no folder, no events in it, or several files that could be them.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder", fix="name a folder with the events and the catalogue")
    events = _only(folder, _EVENTS, "events")
    if events is None:
        held = ", ".join(sorted(entry.name for entry in folder.iterdir())[:10]) or "nothing"
        raise InputError(
            f"{folder} holds no events (found: {held})",
            fix="put a file there whose name says sequence, orders, interactions or events",
        )
    return InteractionFiles(events, _only(folder, _CATALOGUES, "items"))


def _only(folder: Path, patterns: Sequence[str], what: str) -> Path | None:
    for pattern in patterns:
        found = sorted(path for path in folder.glob(pattern) if path.is_file())
        if len(found) > 1:
            raise InputError(
                f"{folder} has {len(found)} files of {what} ({found[0].name}, {found[1].name})",
                fix="leave one of them there",
            )
        if found:
            return found[0]
    return None


class _WithoutTitle(Rejects):
    """Ids of the rows that are no items for want of a title."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []

    def add(
        self, line: int, reason: str, row: bytes | Mapping[str, Any] | list[Any], identity: str = ""
    ) -> None:
        super().add(line, reason, row, identity)
        if identity:
            self.ids.append(identity)


def read_texts(catalogue: str | Path) -> CatalogueTexts:
    """Read ids, titles and texts of a catalogue.

    Raises:
        InputError, MissingExtra: as `read_catalogue`.
    """
    rejects = _WithoutTitle()
    known: dict[str, tuple[str, str, str, str]] = {}
    owners: dict[str, set[str]] = {}
    for item in read_catalogue(catalogue, rejects=rejects):
        category = fields.category_path(next(iter(item.categories), ()))
        known[item.id] = item.title, item_text(item), category, item.brand or ""
        for identifier in item.identifiers:
            owners.setdefault(identifier, set()).add(item.id)
    for identity in rejects.ids:
        known.setdefault(identity, ("", "", "", ""))
    columns = zip(*known.values(), strict=True) if known else ((),) * 4
    titles, texts, categories, brands = columns
    return CatalogueTexts(
        tuple(known),
        titles,
        texts,
        {name: next(iter(ids)) for name, ids in owners.items() if len(ids) == 1 and name not in known},
        categories,
        brands,
    )


def read_interactions_of(
    files: InteractionFiles, known: CatalogueTexts | None = None, options: OrderOptions | None = None
) -> ReadSequences:
    """Read sequences, whichever way they are written.

    Args:
        files: where they lie.
        known: items of the catalogue; None takes every item that occurs.
        options: of a table of orders.

    Raises:
        InputError: a file that cannot be read, or holds nothing of these items.
        MissingExtra: Parquet or XLSX without their extras.
    """
    if files.are_sequences:
        return _of_lines(Path(files.events), known.ids if known else None)
    if known is None:
        return read_orders(files.events, None, options)
    return read_orders(files.events, known.ids, options, aliases=known.aliases)


def _of_lines(path: Path, items: Sequence[str] | None) -> ReadSequences:
    places = {item: place for place, item in enumerate(items or ())}
    users: list[str] = []
    lengths, steps = array("q"), array("i")
    rows = 0
    for sequence in read_user_sequences(path):
        rows += len(sequence.items)
        known = (
            [places.setdefault(item, len(places)) for item in sequence.items]
            if items is None
            else [places[item] for item in sequence.items if item in places]
        )
        if known:
            users.append(sequence.user)
            lengths.append(len(known))
            steps.extend(known)
    if not steps:
        raise InputError(
            f"no item of {path.name} is in the catalogue", fix="name the catalogue that it belongs to"
        )
    offsets = offsets_of(np.array(lengths, dtype=np.int64))
    sequences = Sequences(tuple(places), tuple(users), offsets, np.array(steps, dtype=np.int32))
    lost = rows - len(steps)
    return ReadSequences(sequences, rows, {NOT_IN_CATALOGUE: lost} if lost else {}, {})
