"""Whether a column holds what its name says. Pure; a column that is empty so far speaks for itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from aisle.catalogue.column_profile import ColumnProfile
from aisle.catalogue.currencies import currency_code
from aisle.catalogue.numerals import number
from aisle.catalogue.places import location, point
from aisle.catalogue.prices import read_price
from aisle.catalogue.rejects import Unreadable
from aisle.catalogue.signals import count, iso_date, stars, truth
from aisle.catalogue.values import json_cell, language, name_values

# What says how a product is sold, in columns named "type".
_TYPES: Final = """
    simple configurable variable variation grouped bundle bundled virtual physical downloadable
    digital external affiliate product products variant parent child single standard service
    combination pack subscription giftcard gift_card gift card
"""
_ID_CHARS: Final = 128


def id_fault(told: ColumnProfile) -> str:
    """Why a column cannot be the id; empty if it can."""
    if not told.filled:
        return "is empty in every row"
    if told.bad_ids:
        return f"is empty, or can be no id, on {told.bad_ids:,} of {told.rows:,} rows"
    if told.ids < told.rows:
        return f"has the same value on {told.commonest:,} of {told.rows:,} rows"
    return ""


def title_fault(told: ColumnProfile) -> str:
    """Why a column cannot be the title; empty if it can."""
    faults = {
        "is empty in every row": not told.filled,
        f"is empty in {told.rows - told.filled:,} of {told.rows:,} rows": told.share < 0.5,
        "holds objects": told.objects > 0.5,
        "holds URLs": told.urls > 0.5,
        "holds numbers": told.numeric > 0.8,
        "holds long texts": told.length > 1_000,
        "has the same value on every row": told.rows >= 10 and told.constant,
    }
    return next((fault for fault, true in faults.items() if true), "")


def badness(told: ColumnProfile) -> float:
    return told.rows - told.ids


def badly_mapped(name: str, told: ColumnProfile) -> str:
    if name == "title":
        return "" if told.filled else "is empty in every row"
    bad = told.rows - told.ids
    return id_fault(told) if told.rows > 1 and bad >= 0.5 * told.rows else ""


def plausible(name: str, told: ColumnProfile) -> bool:
    if name == "id":
        prose = told.spaces > 0.5 and told.length > 30
        decimals = told.numeric > 0.5 and told.whole < told.numeric
        return not (prose or decimals or told.markup or told.length > _ID_CHARS or told.moments > 0.5)
    return told.length <= 300


def _share(told: ColumnProfile, read: Callable[[object], object]) -> float:
    """Share of the cells that can be read, and hold something."""
    good = 0
    cells = told.sample[:100]
    for cell in cells:
        try:
            value = read(cell)
        except Unreadable:
            continue
        good += value is not None and value not in ("", ())
    return good / len(cells) if cells else 0.0


def is_price(told: ColumnProfile) -> bool:
    return not told.filled or _share(told, read_price) >= 0.5


def is_category(told: ColumnProfile) -> bool:
    if told.urls > 0.5 or told.numeric > 0.8 or told.length > 1_000:
        return False
    types = set(_TYPES.split())
    kinds = {cell.strip().lower() for cell in told.sample if isinstance(cell, str)}
    return not kinds or not all(set(re.split(r"[\s,]+", kind)) <= types for kind in kinds)


def is_text(told: ColumnProfile) -> bool:
    return told.urls <= 0.5 and told.numeric <= 0.8 and told.objects <= 0.5


def are_bullets(told: ColumnProfile) -> bool:
    return is_text(told) and not name_values_share(told) and (told.spaces > 0.5 or told.length > 30)


def name_values_share(told: ColumnProfile) -> float:
    """Share of the cells that hold names with values."""
    cells = told.sample[:50]
    return sum(1 for cell in cells if _holds_names(cell)) / len(cells) if cells else 0.0


def _holds_names(cell: object) -> bool:
    if isinstance(cell, str):
        cell = json_cell(cell) if cell.lstrip().startswith(("{", "[")) else None
    if not isinstance(cell, list | dict):
        return False
    try:
        # Of a list each element is one name with its values; others are records, such as reviews.
        parts = cell[:20] if isinstance(cell, list) else ()
        return bool(name_values(cell)) and all(len(name_values([part])) <= 1 for part in parts)
    except Unreadable:
        return False


def are_pictures(told: ColumnProfile) -> bool:
    return told.pictures >= 0.5 or (told.objects > 0.5 and told.filled > 0) or _paths(told)


def _paths(told: ColumnProfile) -> bool:
    texts = [cell for cell in told.sample if isinstance(cell, str)]
    return bool(texts) and sum(1 for text in texts if _PATH.search(text)) >= 0.5 * len(texts)


_PATH: Final = re.compile(r"^/\S|\.(?:jpe?g|png|gif|webp|avif|svg)\b|https?://", re.IGNORECASE)


def are_codes(told: ColumnProfile) -> bool:
    return told.filled > 0 and told.urls < 0.1 and told.objects < 0.5 and told.length <= _ID_CHARS


def is_brand(told: ColumnProfile) -> bool:
    return told.urls <= 0.1 and told.length <= 100 and told.numeric <= 0.8


def is_group(told: ColumnProfile) -> bool:
    if not told.filled or told.objects or told.urls > 0.1 or told.length > _ID_CHARS:
        return False
    return told.commonest <= max(3, 0.3 * told.rows)


def is_currency(told: ColumnProfile) -> bool:
    def read(cell: object) -> object:
        currency_code(cell)
        return True

    return told.length <= 20 and _share(told, read) >= 0.5


def is_url(told: ColumnProfile) -> bool:
    return told.urls >= 0.5 or (_paths(told) and told.pictures < 0.5 and told.spaces < 0.1)


def _numbers(told: ColumnProfile) -> Iterator[float]:
    for cell in told.sample:
        try:
            found = number(cell)
        except Unreadable:
            continue
        if found is not None:
            yield found


def is_number(told: ColumnProfile) -> bool:
    return _share(told, number) >= 0.8


def is_count(told: ColumnProfile) -> bool:
    return _share(told, count) >= 0.8


def is_rating(told: ColumnProfile) -> bool:
    return _share(told, lambda cell: n if (n := stars(cell)) is not None and n <= 100 else None) >= 0.8


def is_truth(told: ColumnProfile) -> bool:
    """Whether it says yes and no; numbers of pieces say more."""
    if any(found > 1 for found in _numbers(told)):
        return False
    return _share(told, lambda cell: None if truth(cell) is None else "told") >= 0.8


def is_date(told: ColumnProfile) -> bool:
    return _share(told, iso_date) >= 0.8


def is_language(told: ColumnProfile) -> bool:
    return told.length <= 20 and _share(told, language) >= 0.8


def is_location(told: ColumnProfile) -> bool:
    return _share(told, location) >= 0.5


def is_latitude(told: ColumnProfile) -> bool:
    return _share(told, lambda cell: point(cell, 0)) >= 0.5


def is_longitude(told: ColumnProfile) -> bool:
    return _share(told, lambda cell: point(0, cell)) >= 0.5
