"""Rows that were set aside once, and perhaps corrected by hand, as items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields

from catalogue.build import item_from
from catalogue.columns import resolve, schema_of
from catalogue.options import ReadOptions
from catalogue.rows import BadRow, Cells
from catalogue.schemas import PLAIN
from records import Item

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
