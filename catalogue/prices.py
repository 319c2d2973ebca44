"""Prices as shops write them."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from catalogue.rows import BadRow

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
