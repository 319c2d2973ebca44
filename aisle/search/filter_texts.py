"""Filters as one writes them in a command or an address: ``Colour=Red``, ``Weight=0..5``. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from aisle.errors import InputError
from aisle.search.filters import Range


def name_and_value(called: str, pair: str, example: str) -> tuple[str, str]:
    """Both sides of a text such as ``Colour=Red``.

    Args:
        called: what the text was given as, for the message.
        pair: the text.
        example: of one, for the message.

    Raises:
        InputError: it is no such pair.
    """
    name, separator, value = pair.partition("=")
    if not (name and separator and value):
        raise InputError(f"{called} {pair!r} is not NAME=VALUE", fix=f"write it like {called} {example}")
    return name, value


def attribute_values(pairs: Iterable[str], called: str = "attribute") -> dict[str, tuple[str, ...]]:
    """Name to values, from texts such as ``Colour=Red``.

    Raises:
        InputError: a text that is no such pair.
    """
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        name, value = name_and_value(called, pair, "Colour=Red")
        found[name] = (*found.get(name, ()), value)
    return found


def number_ranges(ranges: Iterable[str], called: str = "number") -> dict[str, Range]:
    """Name to lowest and highest number, from texts such as ``Weight=0..5``.

    Raises:
        InputError: a text that is no such range.
    """
    found: dict[str, Range] = {}
    for text in ranges:
        name, separator, bounds = text.rpartition("=")
        low, dots, high = bounds.partition("..")
        try:
            if not (name and separator and dots and (low or high)):
                raise ValueError(text)
            found[name] = (float(low) if low else None, float(high) if high else None)
        except ValueError:
            raise InputError(
                f"{called} {text!r} is not NAME=LOW..HIGH",
                fix=f"write it like {called} Weight=0..5, or Weight=0.. without an end",
            ) from None
    return found
