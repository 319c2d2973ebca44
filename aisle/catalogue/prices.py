"""Prices as the world writes them."""

# ruff: noqa: SIM905 - lists of words in many languages

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from aisle.catalogue.currencies import (
    currencies_in,
    currency_code,
    decimal_comma,
    only,
    without_currencies,
)
from aisle.catalogue.numerals import NUMBER, DecimalMark, amount, finite, simple_number, written
from aisle.catalogue.rejects import Unreadable
from aisle.catalogue.values import is_absent, json_cell

MAX_PRICE: Final = 1e15
_MAX_PARTS = 100
_MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Price:
    """What a cell says a product costs.

    Attributes:
        amount: finite, 0 to 1e15; of a range the lowest.
        amount_max: the highest of a range, above ``amount``; else None.
        currency: ISO 4217 code; empty if the cell does not say, or only by a sign that several share (``$``).
    """

    amount: float
    amount_max: float | None = None
    currency: str = ""


def read_price(cell: object, decimal: DecimalMark | None = None) -> Price | None:
    """The price in a cell: a number, a text such as ``1.299,00 €``, an object, or a list of those.

    A text holds one amount, or the two ends of a range; a unit (``per m²``), taxes or another price may
    follow. An offer for several (``2 for 5.00``) is no price of one. "free" is 0.

    Args:
        cell: as read. Of a text at most 40 characters are read.
        decimal: the mark before the decimals, for ``1.299`` and ``1,299``, which could be either. None: a
            comma before three digits groups thousands, and so does a point where all countries of the
            currency write a decimal comma.

    Returns:
        None for an empty cell ("", "n/a", a dash, NaN).

    Raises:
        Unreadable: there is something, but no price; or it is negative, infinite or over 1e15.
    """
    return _read(cell, decimal, _MAX_DEPTH)


def _read(cell: object, decimal: DecimalMark | None, depth: int) -> Price | None:
    if isinstance(cell, str):
        return _text(cell, decimal, depth)
    if cell is None:
        return None
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        found = finite(cell)
        return None if found is None else Price(_in_range(found))
    if depth and isinstance(cell, Mapping):
        return _object(cell, decimal, depth - 1)
    if depth and isinstance(cell, list | tuple) and len(cell) <= _MAX_PARTS:
        return _all(cell, decimal, depth - 1)
    raise Unreadable


def _in_range(found: float) -> float:
    if found < 0:
        raise Unreadable("is negative")
    if found > MAX_PRICE:
        raise Unreadable("is out of range")
    return found + 0.0  # -0.0 is 0


def _all(cells: Sequence[object], decimal: DecimalMark | None, depth: int) -> Price | None:
    prices = [price for price in (_read(cell, decimal, depth) for cell in cells) if price]
    if not prices:
        return None
    # The same price in other currencies makes no range.
    currency = next((price.currency for price in prices if price.currency), "")
    alike = [price for price in prices if price.currency in ("", currency)]
    lowest = min(price.amount for price in alike)
    highest = max(price.amount if price.amount_max is None else price.amount_max for price in alike)
    return Price(lowest, highest if highest > lowest else None, currency)


_LOWEST = (
    "amount",
    "value",
    "price",
    "current",
    "default",
    "gross",
    "min",
    "minVariantPrice",
    "net",
    "$numberDecimal",
)
_HIGHEST = ("max", "maxVariantPrice")
_CURRENCY = ("currency", "currencyCode", "currency_code", "currencyIso", "priceCurrency")


def _object(cell: Mapping[str, Any], decimal: DecimalMark | None, depth: int) -> Price | None:
    """``{"amount": 9, "currency": "EUR"}``, ``{"min": 5, "max": 9}``, ``{"EUR": 9}``."""
    found = {key: value for key, value in cell.items() if value is not None and value != ""}
    if isinstance(cents := found.get("centAmount"), int) and found.get("fractionDigits", 2) in range(6):
        found["amount"] = cents / 10 ** found.get("fractionDigits", 2)
    amounts = [found[key] for key in _LOWEST if key in found][:1] + [
        found[key] for key in _HIGHEST if key in found
    ]
    code = next((found[key] for key in _CURRENCY if key in found), "")
    if not amounts and found:
        # Of a price in several currencies the first.
        code, single = next(iter(found.items()))
        currency_code(code)
        amounts = [single]
    price = _all(amounts, decimal, depth)
    return price and replace(price, currency=_code(code) or price.currency)


def _code(cell: object) -> str:
    try:
        return currency_code(cell)
    except Unreadable:
        return ""


def _text(cell: str, decimal: DecimalMark | None, depth: int) -> Price | None:
    text = cell.strip()
    found = simple_number(text)
    if found is not None:
        return Price(_in_range(finite(found) or 0.0))
    if is_absent(text):
        return None
    if text[0] in "[{" and (inner := json_cell(text)) is not None:
        return _read(inner, decimal, depth)
    # Shops strike the price before a reduction through.
    text = written(_STRUCK.sub(" ", text[:_MAX_MARKUP]) if "<" in text else text)
    text = _SIGN_AS_MARK.sub(r".\2 \1", text)
    if "-" in text:
        text = _NO_DECIMALS.sub(_with_decimals, text)
    numbers, around, at = [], [], 0
    for match in NUMBER.finditer(text):
        numbers.append(match[0])
        around.append(text[at : match.start()])
        at = match.end()
    if not numbers:
        return _in_words(text)
    frame = _frame((*around, text[at:]))
    if frame.fault:
        raise Unreadable(frame.fault)
    digits = [numbers[place] for place in frame.amounts]
    groups = decimal is None and any(map(_THOUSANDS.fullmatch, digits)) and decimal_comma(frame.meant)
    amounts = [_in_range(amount(number, decimal, point_groups=groups)) for number in digits]
    lowest, highest = min(amounts), max(amounts)
    return Price(lowest, highest if highest > lowest else None, only(frame.meant))


_THOUSANDS: Final = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
_MAX_MARKUP = 1_000
_STRUCK: Final = re.compile(r"<(del|s|strike)\b[^<>]*+>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
# "12€99"
_SIGN_AS_MARK: Final = re.compile(r"(?<=[0-9])([€$£])([0-9]{2})(?![0-9.,€$£])")
# "12,-", "1 299.-", "5:-"
_NO_DECIMALS: Final = re.compile(r"([0-9][0-9.,' ]*?)\s?([.,:])\s?--?(?!\s?[0-9])")


def _with_decimals(match: re.Match[str]) -> str:
    whole, mark = match.groups()
    return f"{whole}{'.' if mark == '.' and '.' not in whole else ','}00"


_FREE: Final = frozenset(
    "free gratis kostenlos gratuit gratuito grátis бесплатно bezpłatny ilmainen zdarma 無料 免费".split()
)


def _in_words(text: str) -> Price:
    words = text.strip(" .!+-").casefold()
    if words in _FREE:
        return Price(0.0)
    raise Unreadable("is not finite" if words in ("inf", "infinity") else "cannot be read")


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the words around the numbers of a text make of these.

    Attributes:
        amounts: which numbers are amounts: one, or the two ends of a range.
        meant: the currencies that they may be in.
        fault: why there is no price, else empty.
    """

    amounts: tuple[int, ...] = ()
    meant: frozenset[str] = frozenset()
    fault: str = "cannot be read"


_TO: Final = frozenset("- -- ~ ... to bis à al do until till til tot до から hasta".split())
# What follows is not what it costs: a unit, a tax, another price, the costs of sending it.
_BESIDES: Final = re.compile(
    r"[(\[/+;]|\b(?:per|pro|par|por|al|je|each|inc|incl|including|inkl|excl|exkl|ex|plus|zzgl|vat|mwst|tva|iva|btw|moms"
    r"|tax|rrp|uvp|msrp|was|instead|statt|reg)\b",
    re.IGNORECASE,
)
# Offers for several, reductions, telephone numbers, the units above and below those of money.
_NO_PRICE: Final = re.compile(
    r"[@#=¢万千億亿萬]|\b(?:x|for|für|pour|call|phone|tel|request|ask|contact|anfrage|demande|off|discount|rabatt|remise"
    r"|cents?|ct|pence|thousand|million|mio|mrd|k)\b",
    re.IGNORECASE,
)
_MINUS: Final = re.compile(r"(?:^|[\s:(])-$|^\s*-\s*$")
# A part number, a size, an amount in brackets, which accountants owe.
_JOINED_BEFORE: Final = re.compile(r"[^\W\d_(]$|[^\W_]-$|[({\[]\W*$")
_JOINED_AFTER: Final = re.compile(r"^[^\W\d_]|^-$")
# "2/$5"
_OF_SEVERAL: Final = re.compile(r"^\s?/\s?[^\w\s]")


@lru_cache(maxsize=4096)
def _frame(around: tuple[str, ...]) -> _Frame:
    """Read the texts before, between and after the numbers. A column has few different ones."""
    if _MINUS.search(without_currencies(around[0])):
        return _Frame(fault="is negative")
    amounts: list[int] = []
    said = []
    last = len(around) - 2
    for place, (before, after) in enumerate(pairwise(around)):
        if after.lstrip().startswith("%"):
            # "12.99 -10 %"
            if place:
                continue
            return _Frame()
        of_it = _BESIDES.split(after, maxsplit=1)[0]
        left, right = without_currencies(before), without_currencies(of_it)
        if place and left.strip().casefold() not in _TO:
            return _Frame()
        joined = _JOINED_BEFORE.search(left) or _JOINED_AFTER.search(
            right if place == last else right.rstrip("-")
        )
        if joined or _OF_SEVERAL.search(after):
            return _Frame()
        amounts.append(place)
        said += [before, of_it]
        if of_it != after:
            break
    words = " ".join(said)
    if not 1 <= len(amounts) <= _ENDS or _NO_PRICE.search(words):
        return _Frame()
    return _Frame(tuple(amounts), currencies_in(words), "")


_ENDS: Final = 2
