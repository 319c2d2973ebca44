"""Cells of unknown origin as clean text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from catalogue.rows import BadRow

MAX_ID_BYTES = 512
MAX_TITLE_CHARS = 10_000
MAX_TEXT_CHARS = 1_000_000
MAX_FACET_CHARS = 8_191

# C0, DEL and C1, less what splits words and lines, and the two that are no characters.
_CONTROL = dict.fromkeys(
    [*(set(range(0x20)) - {0x09, 0x0A, 0x0D}), *range(0x7F, 0x85), *range(0x86, 0xA0), 0xFFFE, 0xFFFF], " "
)


def clean_line(value: str) -> str:
    """One line: control characters and runs of white space become one space."""
    return " ".join(value.translate(_CONTROL).split())


def clean_text(value: str) -> str:
    """Several lines, each cleaned, without the empty ones."""
    lines = (clean_line(line) for line in value.translate(_CONTROL).splitlines())
    return "\n".join(line for line in lines if line)


def scalar(value: object) -> str | None:
    """A scalar as text (6.0 as "6", False as "false"), "" for nothing or NaN, None if it is no scalar."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value) if isinstance(value, int | Decimal | date) else None


def words(value: object, field: str) -> str:
    """A scalar, or a list of scalars on lines of their own, as text.

    Raises:
        BadRow: anything else.
    """
    parts = value if isinstance(value, list | tuple) else [value]
    found = [scalar(part) for part in parts]
    if None in found:
        raise BadRow(f"{field} is not text")
    return "\n".join(part for part in found if part)


def identity(value: object) -> str:
    """The id, exactly as it is written but for white space around it.

    Raises:
        BadRow: missing, empty, too long, not a scalar, or with control characters (cleaned, it
            would be another id).
    """
    text = None if isinstance(value, bool) else scalar(value)
    if text is None:
        raise BadRow("id is not text")
    text = text.strip()
    if not text:
        raise BadRow("id is missing or empty")
    if len(text.encode()) > MAX_ID_BYTES:
        raise BadRow(f"id is over {MAX_ID_BYTES} bytes")
    if text.translate(_CONTROL) != text or len(text.splitlines()) > 1 or "\t" in text:
        raise BadRow("id holds control characters")
    return text


def facets(cells: Mapping[str, Any]) -> dict[str, str]:
    """Columns as attributes. Nested objects, empty cells and values over 8,191 characters are no facets."""
    found: dict[str, str] = {}
    for name, value in cells.items():
        parts = [scalar(part) for part in value] if isinstance(value, list | tuple) else [scalar(value)]
        text = clean_line(", ".join(part for part in parts if part))
        key = clean_line(str(name))
        if text and key and len(text) <= MAX_FACET_CHARS:
            found[key] = text
    return found
