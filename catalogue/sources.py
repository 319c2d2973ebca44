"""A path, a folder or an address on the hub as rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from catalogue.hub import PREFIX, hub_file, hub_rows, split_address
from catalogue.options import ReadOptions
from catalogue.rejects import Rejects
from catalogue.rows import Row
from catalogue.tables import table_of


def open_rows(path: str | Path, options: ReadOptions, rejects: Rejects) -> Iterator[Row]:
    """Open a file, ``hub:OWNER/NAME`` or ``hub:OWNER/NAME/FILE``; rows follow lazily.

    Raises:
        InputError: it cannot be opened, or its format is unknown.
        MissingExtra: Parquet or the hub without their extras.
    """
    if isinstance(path, str) and path.startswith(PREFIX):
        name, file = split_address(path)
        if not file:
            return hub_rows(name, options)
        path = hub_file(name, file)
    path = Path(path)
    return table_of(path, options.format).rows(path, rejects)
