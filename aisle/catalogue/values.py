"""Cells of unknown origin as clean text."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from aisle.catalogue.rejects import BadRow

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


def facets(cells: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Columns as attributes. Nested objects, empty cells and values over 8,191 characters are no facets."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in cells.items():
        parts = [scalar(part) for part in value] if isinstance(value, list | tuple) else [scalar(value)]
        texts = dict.fromkeys(clean_line(part) for part in parts if part)
        key = clean_line(str(name))
        kept = tuple(text for text in texts if text and len(text) <= MAX_FACET_CHARS)
        if key and kept:
            found[key] = kept
    return found


MAX_PRICE = 1e15
_MAX_CHARS = 40
_ABSENT = frozenset(("", "none", "null", "n/a", "na", "-", "\N{EM DASH}", "\N{EN DASH}"))
_MONEY = re.compile(r"(?:[A-Z]{3}|[^\w\s.,+-]{1,3})?\s*([0-9][0-9.,'\s]*)\s*(?:[A-Z]{3}|[^\w\s.,+-]{1,3})?")
_GROUPS = re.compile(r"[1-9][0-9]{0,2}(?:([.,'])[0-9]{3})(?:\1[0-9]{3})*")


def parse_price(value: object) -> float | None:
    """A finite price that is not negative, or None for an empty cell ("", "None", "n/a", a dash).

    Takes numbers and text such as ``1299``, ``$1,299.00``, ``1.299,00 EUR`` or ``1'299.00 CHF``. Of two kinds
    of separators the last one is the decimal point. One comma before exactly three digits groups thousands
    (``1,299``), any other single comma is a decimal point (``12,5``); one point is always a decimal point.

    Raises:
        BadRow: NaN, infinite, negative, over 1e15, or no price at all.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise BadRow("price is not a number")
    number = _number(value) if isinstance(value, str) else _float(value)
    if number is None:
        return None
    if not math.isfinite(number):
        raise BadRow("price is not finite")
    if number < 0:
        raise BadRow("price is negative")
    if number > MAX_PRICE:
        raise BadRow("price is out of range")
    return number


def _float(value: float | Decimal) -> float:
    try:
        return float(value)
    except OverflowError:
        raise BadRow("price is out of range") from None


def _number(text: str) -> float | None:
    text = text.strip()
    if len(text) > _MAX_CHARS:
        raise BadRow("price is not a number")
    if text.lower() in _ABSENT:
        return None
    try:
        # Python reads 1_000 as a number; no shop writes that.
        return float(text) if "_" not in text else _money(text)
    except ValueError:
        return _money(text)


def _money(text: str) -> float:
    if text.startswith("-"):
        _money(text[1:].lstrip())
        return -1.0
    match = _MONEY.fullmatch(text)
    if match is None:
        raise BadRow("price is not a number")
    digits = re.sub(r"\s", "", match[1])
    try:
        return float(_plain(digits))
    except ValueError:
        raise BadRow("price is not a number") from None


def _plain(digits: str) -> str:
    """Digits with separators as Python writes them."""
    last = max(digits.rfind("."), digits.rfind(","))
    kinds = {mark for mark in ".,'" if mark in digits}
    if len(kinds) > 1:
        whole, decimals = digits[:last], digits[last + 1 :]
        if not _GROUPS.fullmatch(whole) and not whole.isdigit():
            raise BadRow("price is not a number")
        return re.sub(r"[.,']", "", whole) + "." + decimals
    one_point = kinds == {"."} and digits.count(".") == 1
    if _GROUPS.fullmatch(digits) and not one_point:
        return re.sub(r"[.,']", "", digits)
    return digits.replace(",", ".")
