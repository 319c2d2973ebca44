"""Where on earth an item is, as catalogues write it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from aisle.catalogue.rejects import Unreadable
from aisle.catalogue.values import is_absent, json_cell, scalar, unescaped
from aisle.markup import plain_line
from aisle.types import GeoPoint

LATITUDES: Final = ("lat", "latitude")
LONGITUDES: Final = ("lon", "lng", "long", "longitude")
_MAX_CHARS: Final = 100
_POINT: Final = r"([+-]?[0-9]{1,3}(?:\.[0-9]{1,20})?)"
_COMMA: Final = r"([+-]?[0-9]{1,3}(?:,[0-9]{1,20})?)"
_DEGREES: Final = re.compile(r"[+-]?[0-9]{1,3}(?:[.,][0-9]{1,20})?\s?°?", re.ASCII)
_PAIRS: Final = (
    re.compile(rf"{_POINT}(?:\s*[,;/|]\s*|\s+){_POINT}", re.ASCII),
    re.compile(rf"{_COMMA}(?:\s*[;/|]\s*|,?\s+){_COMMA}", re.ASCII),
)
# Well-known text (ISO 19125) has the longitude first, as GeoJSON does (RFC 7946, section 3.1.1).
_WKT: Final = re.compile(
    rf"(?:SRID=[0-9]+;\s*)?POINT\s*\(\s*{_POINT}\s+{_POINT}\s*\)", re.ASCII | re.IGNORECASE
)


def location(cell: object) -> GeoPoint | None:
    """A place: ``52.52, 13.40`` (latitude first), ``{"lat": …, "lon": …}``, GeoJSON, ``POINT (13.4 52.5)``.

    A list of two numbers is refused: some write the latitude first, and some the longitude.

    Returns:
        None for an empty cell.

    Raises:
        Unreadable: no place, or one that is not on earth.
    """
    if isinstance(cell, str):
        text = plain_line(unescaped(cell[:_MAX_CHARS])).replace("\N{MINUS SIGN}", "-")
        if is_absent(text):
            return None
        if match := _WKT.fullmatch(text):
            return _point(_number(match[2]), _number(match[1]))
        if match := next(filter(None, (pair.fullmatch(text) for pair in _PAIRS)), None):
            return _point(_number(match[1]), _number(match[2]))
        cell = json_cell(cell)
    elif cell is None or cell == {}:
        return None
    if not isinstance(cell, Mapping):
        raise Unreadable
    return _of_object(cell)


def _of_object(cell: Mapping[str, object]) -> GeoPoint | None:
    there = {name.casefold(): value for name, value in cell.items()}
    lat, lon = (next((there[n] for n in names if n in there), None) for names in (LATITUDES, LONGITUDES))
    coordinates = there.get("coordinates")
    if (
        isinstance(coordinates, Sequence)
        and not isinstance(coordinates, str)
        and there.get("type") == "Point"
    ):
        lon, lat = [*coordinates, None, None][:2]
    elif "lat" not in there and "latitude" not in there:
        raise Unreadable
    return point(lat, lon)


def point(lat: object, lon: object) -> GeoPoint | None:
    """A place of a cell with its latitude and one with its longitude, in degrees.

    Returns:
        None if both are empty.

    Raises:
        Unreadable: one is empty or no number, or the place is not on earth.
    """
    north, east = _degrees(lat), _degrees(lon)
    if north is None and east is None:
        return None
    if north is None or east is None:
        raise Unreadable("is half a place")
    return _point(north, east)


def _degrees(cell: object) -> float | None:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell) if math.isfinite(cell) else None
    text = scalar(cell)
    if text is None or isinstance(cell, bool):
        raise Unreadable
    text = plain_line(unescaped(text[:_MAX_CHARS])).replace("\N{MINUS SIGN}", "-")
    if is_absent(text):
        return None
    if not _DEGREES.fullmatch(text):
        raise Unreadable
    return _number(text.rstrip("° "))


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _point(lat: float, lon: float) -> GeoPoint:
    if abs(lat) > 90 or abs(lon) > 180:
        raise Unreadable("is not on earth")
    return GeoPoint(lat, lon)
