"""Numbers as the world writes them: digits, groups of thousands, and what stands before the decimals.

Strict, where libraries for scraping guess: what is no number must not become one (``12 99`` is not 1299).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Final

from aisle.catalogue.rejects import Unreadable
from aisle.catalogue.values import is_absent, unescaped, unwrap
from aisle.markup import plain_line

MAX_CHARS: Final = 40
"""Of a text, so many are read."""
_MAX_RAW_CHARS = 1_000


class DecimalMark(Enum):
    """What stands before the decimals."""

    POINT = "point"
    COMMA = "comma"


# Digits; between them points, commas, apostrophes, and spaces before three. Or decimals alone.
NUMBER: Final = re.compile(
    r"(?:(?<![^\W_])[.,](?=[0-9]))?[0-9]+(?:[.,'][0-9]+| [0-9]{3}(?![0-9]))*", re.ASCII
)
_GROUPS: Final = re.compile(r"[1-9][0-9]{0,2}(?:([.,' ])[0-9]{3})(?:\1[0-9]{3})*", re.ASCII)
_INDIAN_GROUPS: Final = re.compile(r"[1-9][0-9]?(?:,[0-9]{2})*,[0-9]{3}", re.ASCII)
_SIMPLE: Final = re.compile(r"[0-9]{1,40}(?:\.(?:[0-9]{1,2}|[0-9]{4,20}))?", re.ASCII)
_SCIENTIFIC: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?[eE][+-]?[0-9]{1,3}", re.ASCII)

# The point and the comma of other scripts; what is a thousands separator in Arabic is nothing else.
_ALIKE: Final = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u02bc\u2032\u00b4\u0060\uff07", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("\uff5e\u301c\u223c", "~"),
        **dict.fromkeys("\u066a\uff05", "%"),
        **dict.fromkeys("\uff0e\u066b", "."),
        "\uff0c": ",",
        "\u066c": None,
        "\uff0b": "+",
        "\uff08": "(",
        "\uff09": ")",
        "\uff0f": "/",
        "\uff04": "$",
        "\uffe1": "\u00a3",
        "\uffe5": "\u00a5",
    }
)


_OTHER_DIGIT: Final = re.compile(r"(?![0-9])\d")


def written(text: str) -> str:
    """At most `MAX_CHARS` characters of a cell, with digits and marks in ASCII."""
    text = plain_line(unescaped(text[:_MAX_RAW_CHARS]))
    if not text.isascii():
        text = text[: MAX_CHARS * 2].translate(_ALIKE)
        text = _OTHER_DIGIT.sub(lambda digit: str(int(digit[0])), text)
    if len(text) <= MAX_CHARS:
        return text
    # A number that was cut is another number.
    whole = text[MAX_CHARS] not in "0123456789.,' "
    return text[:MAX_CHARS] if whole else text[:MAX_CHARS].rstrip("0123456789.,' ")


def simple_number(text: str) -> float | None:
    """What a computer wrote, without anything to decide: ``12``, ``12.5``, ``1.2E+3``; else None."""
    return float(text) if _SIMPLE.fullmatch(text) or _SCIENTIFIC.fullmatch(text) else None


_AMOUNT_KEYS: Final = (
    *("value", "amount", "rate", "rating", "ratingValue", "average", "quantity", "qty", "available"),
    *("$numberInt", "$numberLong", "$numberDouble", "$numberDecimal"),
)


def number(cell: object, decimal: DecimalMark | None = None) -> float | None:
    """The number that a cell holds, which may be text: ``4,5``, ``1 200``, ``87 %``, ``4.5/5``, ``10+``.

    Args:
        cell: as read; of an object its value, such as ``{"rate": 4.5, "count": 12}``.
        decimal: the mark before the decimals; None: see `amount`.

    Returns:
        Finite; None for an empty cell ("", "n/a", a dash, NaN).

    Raises:
        Unreadable: anything else, or infinite.
    """
    if isinstance(cell, Mapping):
        cell = unwrap(cell, _AMOUNT_KEYS)
    if cell is None:
        return None
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        return finite(cell)
    if not isinstance(cell, str):
        raise Unreadable
    text = cell.strip()
    found = simple_number(text)
    if found is not None:
        return finite(found)
    if is_absent(text):
        return None
    match = _ALONE.fullmatch(written(text))
    if match is None:
        raise Unreadable
    value = amount(match["number"], decimal)
    return -value if match["minus"] else value


_ALONE: Final = re.compile(
    rf"(?:[>≥~+]|(?P<minus>-))?\s?(?P<number>{NUMBER.pattern})\s?(?:[%+★*]|/\s?[0-9]{{1,3}})?", re.ASCII
)


def finite(value: float | Decimal) -> float | None:
    """As a float; None for NaN.

    Raises:
        Unreadable: it is infinite, or too large for one.
    """
    try:
        found = float(value)
    except (OverflowError, ValueError):
        raise Unreadable("is out of range") from None
    if math.isinf(found):
        raise Unreadable("is not finite" if value == found else "is out of range")
    return None if math.isnan(found) else found


def amount(digits: str, decimal: DecimalMark | None = None, *, point_groups: bool = False) -> float:
    """The number that a text like `NUMBER` stands for.

    Of two kinds of marks the last one stands before the decimals, and so does a single one, but where exactly
    three digits follow and it could group thousands (``1,299``).

    Args:
        digits: with points, commas, apostrophes or spaces among them.
        decimal: decides what could be either; None: a comma groups, a point does not.
        point_groups: a point does too.

    Raises:
        Unreadable: groups of other sizes, as in ``1.2.3``.
    """
    if digits.isdigit():
        return float(digits)
    mark = _last_mark(digits)
    if digits.count(mark) == 1 and mark and not _is_group(digits, mark, decimal, point_groups=point_groups):
        whole, decimals = digits.split(mark)
    else:
        whole, decimals = digits, ""
    if not (_is_whole(whole) and (decimals.isdigit() or not decimals)):
        raise Unreadable
    return float((re.sub("[^0-9]", "", whole) or "0") + "." + (decimals or "0"))


def decimal_mark(samples: Iterable[object]) -> DecimalMark | None:
    """What stands before the decimals in a column; None if its values do not tell.

    Args:
        samples: cells of the column; what is no text says nothing.
    """
    texts = [sample for sample in samples if isinstance(sample, str)]
    found = [digits for text in texts for digits in NUMBER.findall(written(text))]
    shown = [mark for mark in map(_shown_mark, found) if mark]
    commas = shown.count(DecimalMark.COMMA)
    points = len(shown) - commas
    if not shown and _points_group(found):
        return DecimalMark.COMMA
    if commas == points:
        return None
    return DecimalMark.COMMA if commas > points else DecimalMark.POINT


def _last_mark(digits: str) -> str:
    return max(".,", key=digits.rfind) if "." in digits or "," in digits else ""


def _is_whole(digits: str) -> bool:
    return (
        not digits or digits.isdigit() or bool(_GROUPS.fullmatch(digits) or _INDIAN_GROUPS.fullmatch(digits))
    )


def _is_group(digits: str, mark: str, decimal: DecimalMark | None, *, point_groups: bool) -> bool:
    """Whether the only mark of its kind groups thousands."""
    if not _GROUPS.fullmatch(digits):
        return False
    if decimal is None:
        return mark == "," or point_groups
    return (mark == ",") is (decimal is DecimalMark.POINT)


def _shown_mark(digits: str) -> DecimalMark | None:
    """The mark before decimals, where a number leaves no doubt."""
    mark = _last_mark(digits)
    if not mark or (digits.count(mark) == 1 and _GROUPS.fullmatch(digits)):
        return None
    if digits.count(mark) == 1:
        return DecimalMark.COMMA if mark == "," else DecimalMark.POINT
    if not _is_whole(digits):
        return None
    # It groups, and the other one is left.
    return DecimalMark.POINT if mark == "," else DecimalMark.COMMA


_FEW = 3


def _points_group(found: Sequence[str]) -> bool:
    """Whether points can only group thousands: ``899``, ``1.299``, ``2.450`` without a single ``1299``."""
    grouped = {digits for digits in found if "." in digits and _GROUPS.fullmatch(digits)}
    others = [digits for digits in found if digits not in grouped]
    # Three decimals of a column that always writes as many would mostly end in 0.
    ends = {digits[-1] for digits in grouped} - {"0"}
    return len(grouped) >= _FEW and bool(ends) and all(d.isdigit() and len(d) <= _FEW for d in others)
