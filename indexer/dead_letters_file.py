"""A dead letters file, perhaps edited by hand, read again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from indexer.dead_letter import DeadLetter
from records import InputError
from records.files import MAX_LINE_BYTES, numbered_lines


def read_letters(path: Path) -> Iterator[DeadLetter]:
    """Every letter, in constant memory.

    Raises:
        InputError: no such file, or a line that is no dead letter; the message names it.
    """
    for number, line in numbered_lines(path):
        try:
            yield _letter(line)
        except (ValueError, KeyError, TypeError) as error:
            reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            raise InputError(
                f"line {number} of {path} is no dead letter ({reason})",
                fix="correct only what stands in its row, on one line",
            ) from None


def cells_of(letter: DeadLetter) -> dict[str, Any] | None:
    """The row as an object; None where it still is none, such as the text of a line that is not JSON."""
    row = orjson.loads(letter.row)
    if isinstance(row, str):
        try:
            row = orjson.loads(row)
        except orjson.JSONDecodeError:
            return None
    return row if isinstance(row, dict) else None


def _letter(line: bytes) -> DeadLetter:
    if len(line) > MAX_LINE_BYTES:
        raise ValueError("it is too long")
    content = orjson.loads(line)
    position, number = content["position"], content["line"]
    return DeadLetter(
        line=None if number is None else int(number),
        position=None if position is None else int(position),
        id=str(content["id"]),
        reason=str(content["reason"]),
        attempts=int(content["attempts"]),
        row=orjson.dumps(content["row"]),
    )
