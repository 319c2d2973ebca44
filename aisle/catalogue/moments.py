"""Moments as shops write them: ISO 8601, seconds or thousandths since 1970, days before or after months."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from aisle.catalogue.rejects import Unreadable
from aisle.catalogue.signals import iso_date
from aisle.catalogue.values import scalar
from aisle.markup import plain_line

# Of eight digits it is a day. Fewer count something else, and order steps as well.
_EPOCH: Final = re.compile(r"(?:[0-9]{1,7}|[0-9]{9,10})(?:\.[0-9]+)?|[0-9]{12,13}|[0-9]{15,16}", re.ASCII)
_EITHER: Final = re.compile(
    r"(?P<first>[0-9]{1,2})(?P<mark>[/-])(?P<second>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4})", re.ASCII
)
_CLOCK: Final = re.compile(
    r"[T,\s]\s*(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?(?:\.[0-9]+)?"
    r"\s*(?P<half>[ap]m)?",
    re.ASCII | re.IGNORECASE,
)
_MAX_CHARS: Final = 60

NO_MOMENT: Final = math.nan


def moments(cell: object) -> tuple[float, float]:
    """Seconds since 1970, where days come before months, and where months do.

    A moment without a zone is taken in UTC. Most cells are one moment however they are read; ``03/04/2026``
    is two, and ``13/04/2026`` is none where months come first.

    Returns:
        Two numbers, `NO_MOMENT` for a reading that is none.

    Raises:
        Unreadable: no moment either way.
    """
    if isinstance(cell, datetime):
        return _twice(cell)
    if isinstance(cell, date):
        return _twice(datetime(cell.year, cell.month, cell.day, tzinfo=UTC))
    text = None if isinstance(cell, bool) else scalar(cell)
    if text is None:
        raise Unreadable
    return _of_text(text[:_MAX_CHARS])


# The lines of an order share their time.
@lru_cache(maxsize=4096)
def _of_text(written: str) -> tuple[float, float]:
    text = plain_line(written)
    if _EPOCH.fullmatch(text):
        # Seconds, thousandths or millionths of them.
        at = float(text) / 1000 ** max(0, (len(text.partition(".")[0]) - 8) // 3)
        return at, at
    try:
        return _twice(datetime.fromisoformat(text))
    except ValueError:
        pass
    clock = _seconds(text)
    if match := _EITHER.match(text):
        first, second, year = int(match["first"]), int(match["second"]), int(match["year"])
        found = _day(year, second, first) + clock, _day(year, first, second) + clock
        if all(map(math.isnan, found)):
            raise Unreadable
        return found
    day = iso_date(text)
    if not day:
        raise Unreadable
    at = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() + clock
    return at, at


def _twice(moment: datetime) -> tuple[float, float]:
    at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return at, at


def _day(year: int, month: int, day: int) -> float:
    try:
        return datetime(year, month, day, tzinfo=UTC).timestamp()
    except ValueError:
        return NO_MOMENT


def _seconds(text: str) -> float:
    """Of the time of the day; 0 where there is none."""
    match = _CLOCK.search(text)
    if match is None:
        return 0.0
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    if half := (match["half"] or "").lower():
        hour = hour % 12 + 12 * (half == "pm")
    return hour * 3600.0 + minute * 60 + second
