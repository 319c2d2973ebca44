"""The row of a dead letter as JSON, whole up to 1 MB, whatever a file held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

MAX_ROW_BYTES: Final = 1_000_000
# Deeper than any product; orjson itself stops at 254.
_DEEPEST: Final = 100


def row_json(row: bytes | Mapping[str, Any] | list[Any]) -> bytes:
    """JSON of a row.

    Args:
        row: an object's cells, a list of cells without names, or the bytes of a line that could not be read.

    Returns:
        At most ``MAX_ROW_BYTES``. A longer row becomes a text that is cut off, and so can never be taken for
        the row itself.
    """
    whole = _text(row) if isinstance(row, bytes) else _cells(row)
    return whole if len(whole) <= MAX_ROW_BYTES else _text(row if isinstance(row, bytes) else whole)


def _text(raw: bytes) -> bytes:
    kept = raw[:MAX_ROW_BYTES]
    # Characters that JSON escapes take up to six times their room.
    while len(text := orjson.dumps(kept.decode(errors="replace"))) > MAX_ROW_BYTES:
        kept = kept[: len(kept) // 2]
    return text


def _cells(row: Mapping[str, Any] | list[Any]) -> bytes:
    try:
        return orjson.dumps(row, default=str, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        # Not UTF-8 in the file, a number too long, nested too deeply.
        return orjson.dumps(_plain(row, 0))


def _plain(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return "..."
    if isinstance(value, Mapping):
        return {_string(name): _plain(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, depth + 1) for inner in value]
    return value if value is None or isinstance(value, bool | float) else _string(value)


def _string(value: object) -> str:
    return str(value).encode(errors="replace").decode()
