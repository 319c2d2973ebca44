"""Would a reader yield the very same items again? The hash of what it reads, and how it reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import orjson

from aisle.catalogue.columns import ReadOptions
from aisle.catalogue.formats.hub import PREFIX, hub_file, split_address
from aisle.catalogue.reader import catalogue_file


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
    how = {**asdict(options), "columns": dict(options.columns)}
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
