"""Looking into the cells of a row, whatever they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from aisle.catalogue.prices import read_price
from aisle.catalogue.rejects import Cells, Unreadable
from aisle.catalogue.signals import truth
from aisle.catalogue.values import scalar


def text(cells: Mapping[str, Any], *columns: str) -> str:
    """The first of these columns that holds a scalar, as text without white space around it; else ""."""
    for column in columns:
        value = cells.get(column)
        # Most cells of a wide row are empty.
        if value is None or value == "":
            continue
        if found := (value if value.__class__ is str else scalar(value) or "").strip():
            return found
    return ""


def split(value: object, mark: str) -> list[str]:
    r"""The parts of a text between ``mark``s; ``\`` before one makes it part of the text."""
    whole = scalar(value) or ""
    if "\\" not in whole:
        return [part for raw in whole.split(mark) if (part := raw.strip())]
    parts = re.split(rf"(?<!\\){re.escape(mark)}", whole)
    return [part for raw in parts if (part := raw.replace(f"\\{mark}", mark).strip())]


def objects(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list, or the one that is there instead."""
    return [
        one for one in (value if isinstance(value, list | tuple) else [value]) if isinstance(one, Mapping)
    ]


def texts(value: object, *keys: str) -> list[str]:
    """The scalars of a list; of objects in it what stands under the first of ``keys`` that is there."""
    found = value if isinstance(value, list | tuple) else [value]
    return [
        one for part in found if (one := text(part, *keys) if isinstance(part, Mapping) else _scalar(part))
    ]


def _scalar(value: object) -> str:
    return (scalar(value) or "").strip()


def without(cells: Cells, columns: Iterable[str]) -> Cells:
    """The cells but for these columns."""
    gone = frozenset(columns)
    return {column: value for column, value in cells.items() if column not in gone}


def with_attributes(cells: Cells, attributes: Mapping[str, Any]) -> Cells:
    """The cells with these among their ``attributes``; what is empty is left away."""
    held = cells.get("attributes")
    own = held if isinstance(held, Mapping) else {}
    named = {name: value for name, value in attributes.items() if name and value}
    return {**cells, "attributes": {**own, **named}} if named else cells


def denied(cells: Mapping[str, Any], *columns: str) -> bool:
    """Whether the first of these columns that is not empty says no, in any language, or is 0 or -1."""
    return _denies(text(cells, *columns))


@lru_cache(maxsize=1_024)
def _denies(said: str) -> bool:
    said = said.removeprefix("'")
    try:
        return said == "-1" or truth(said) is False
    except Unreadable:
        return False


def amount(cells: Mapping[str, Any], *columns: str) -> float | None:
    """The first of these columns that is not empty as a number that is not negative; None if it is none."""
    try:
        price = read_price(text(cells, *columns))
    except Unreadable:
        return None
    return price.amount if price else None
