"""Pictures of items: links that are safe to follow, and drawings for items that have none. Pure."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from aisle.service.web.pictograms import BOX, SHAPES
from aisle.types import Item

# Backgrounds, and what is drawn on them where the item says no colour.
_GROUNDS: Final = ("#e4ecf7", "#e5f3ea", "#f8efdd", "#f7e6e6", "#efe8f6", "#e2f2f3", "#f3eee6", "#e9ecef")
_INKS: Final = ("#42679b", "#3f7a57", "#94702a", "#9c4f4f", "#745796", "#327478", "#7d6a4d", "#5a6572")
_COLOURS: Final = {
    "black": "#2b2b2e",
    "white": "#fdfdfd",
    "grey": "#8b9097",
    "gray": "#8b9097",
    "silver": "#b4b9bf",
    "navy": "#24386b",
    "blue": "#2f62b5",
    "red": "#c23a35",
    "green": "#2e7048",
    "beige": "#d9c7a3",
    "yellow": "#e3b629",
    "pink": "#e08aa6",
    "teal": "#1f8080",
    "burgundy": "#7a2335",
    "orange": "#e07a2a",
    "brown": "#77533a",
    "purple": "#76489b",
}
_WORD: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LINE: Final = "#30343b"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture to stand for an item.

    Attributes:
        ground, ink: colours, as SVG has them.
        line: colour of its outline.
        path: what is drawn, in 48 x 48.
    """

    ground: str
    ink: str
    line: str
    path: str


def web_link(link: str) -> str:
    """The link, if a browser may follow it: http or https, and nothing that runs; else nothing."""
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return ""
    return link.strip() if parts.scheme in ("http", "https") and parts.netloc else ""


def picture(item: Item) -> str:
    """The link of an item's first picture that can be shown; empty if it has none."""
    return next(filter(None, map(web_link, item.images)), "")


def drawing(item: Item) -> Drawing:
    """What stands for an item's picture: its kind of thing, in its colour, on a ground of its category."""
    kind = item.categories[0][0] if item.categories else item.brand
    place = zlib.crc32(kind.encode()) % len(_GROUNDS)
    return Drawing(_GROUNDS[place], _colour(item) or _INKS[place], _LINE, _shape(item.title))


def _shape(title: str) -> str:
    """Of the last word in a title that means one: what comes before it says which kind."""
    found = (
        SHAPES.get(word) or SHAPES.get(word.removesuffix("s")) for word in _WORD.findall(title.casefold())
    )
    return next(filter(None, reversed(list(found))), BOX)


def _colour(item: Item) -> str:
    said = (
        values for name, values in item.attributes.items() if name.casefold() in ("colour", "color", "farbe")
    )
    words = _words(value for values in said for value in values)
    return next((_COLOURS[word] for word in words if word in _COLOURS), "")


def _words(texts: Iterable[str]) -> Iterable[str]:
    return (word for text in texts for word in text.casefold().split())
