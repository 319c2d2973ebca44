"""JSON documents of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from aisle._files import UTF8_BOM, blocks
from aisle.errors import InputError


def read_json(path: Path) -> Any:
    """The document in a file. Raises InputError if there is none, or it is no JSON."""
    try:
        return orjson.loads(b"".join(blocks(path)).removeprefix(UTF8_BOM))
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path.name} is not JSON: {error}", fix="export it again") from None
