"""Dead letters as items."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from catalogue import ReadOptions
from catalogue.again import ReadRow, item_reader, row_reader
from catalogue.catalogue import DUPLICATE
from catalogue.seen import SeenIds
from indexer.dead_letter import DeadLetter
from indexer.dead_letters_file import cells_of, read_letters
from records import Item

_NO_OBJECT = "the row is not a JSON object"


@dataclass(frozen=True, slots=True)
class LetterReader:
    """Attributes:
    rows: reads what came from a catalogue; None if no such row is an object.
    items: reads what was an item already.
    seen: ids so far.
    """

    rows: ReadRow | None
    items: ReadRow = field(default_factory=item_reader)
    seen: SeenIds = field(default_factory=SeenIds)

    @classmethod
    def of(cls, path: Path, options: ReadOptions) -> Self:
        """A reader for this file, which is read once for its columns.

        Raises:
            InputError: it is no dead letters file, or no column of its rows can be the id or the title.
        """
        columns: dict[str, None] = {}
        for letter in read_letters(path):
            if letter.position is None:
                columns |= dict.fromkeys(cells_of(letter) or ())
        return cls(row_reader(path.name, list(columns), options) if columns else None)

    def item(self, letter: DeadLetter) -> Item | str:
        """The item, or why there is none."""
        cells = cells_of(letter)
        read = self.rows if letter.position is None else self.items
        if cells is None or read is None:
            return _NO_OBJECT
        item = read(cells)
        if not isinstance(item, Item):
            return item
        # The row that was there first has this id; nothing tells that this one shall replace it.
        unchanged = letter.reason == DUPLICATE and item.id == letter.id
        return DUPLICATE if unchanged or not self.seen.add(item.id) else item
