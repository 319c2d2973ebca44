"""A title as another colour, size, pack or model of the same product would have it. Pure and seeded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final

COLOURS: Final = (
    "Black", "White", "Red", "Blue", "Green", "Yellow", "Orange", "Purple", "Pink", "Brown",
    "Gray", "Silver", "Gold", "Beige", "Ivory", "Navy", "Teal", "Bronze", "Chrome", "Copper",
)  # fmt: skip
LETTERS: Final = "ABCDEFGHJKLMNPRSTUVWXYZ"

_COLOUR: Final = re.compile(rf"\b(?:{'|'.join(COLOURS)})\b", re.IGNORECASE)
# A number of its own, as in "40 in. W", and no part of a model number, a fraction or a decimal.
_SIZE: Final = re.compile(r"(?<![\w./#-])[1-9]\d{0,3}(?![\w/]|[.]\d)")
_PACK: Final = re.compile(r"\(Pack of \d+\)|\b\d+-Pack\b", re.IGNORECASE)
_MODEL: Final = re.compile(r"(?<!\S)#?(?=[A-Z\d-]*\d)(?=[A-Z\d-]*[A-Z])[A-Z\d][A-Z\d-]{3,}\b")

Edit = Callable[[str, Random], str]


def variants(titles: Sequence[str], chance: Random) -> Iterator[str]:
    """Endless: one variant of each title in turn, then another of each. Two of them may be equal."""
    while titles:
        for title in titles:
            yield variant(title, chance)


def variant(title: str, chance: Random) -> str:
    """The title with one or two things changed; what it does not name is added at its end."""
    for edit in chance.sample(EDITS, chance.randint(1, 2)):
        title = edit(title, chance)
    return title


def colour(title: str, chance: Random) -> str:
    """Another colour."""
    return _put(_COLOUR, chance.choice(COLOURS), title, " in {}")


def size(title: str, chance: Random) -> str:
    """Another number for one of its sizes."""
    found = list(_SIZE.finditer(title))
    if not found:
        return f"{title}, {chance.randint(1, 120)} in. x {chance.randint(1, 120)} in."
    at = chance.choice(found)
    return f"{title[: at.start()]}{chance.randint(1, 2 * int(at[0]) + 8)}{title[at.end() :]}"


def pack(title: str, chance: Random) -> str:
    """Another number of pieces."""
    return _put(_PACK, f"(Pack of {chance.randint(2, 144)})", title, " {}")


def model(title: str, chance: Random) -> str:
    """Another model number."""
    name = "".join(chance.choices(LETTERS, k=2))
    return _put(_MODEL, f"{name}-{chance.randint(10_000, 99_999)}", title, " {}")


EDITS: Final[Sequence[Edit]] = (colour, size, pack, model)


def _put(pattern: re.Pattern[str], word: str, title: str, addition: str) -> str:
    """The word in the place of the pattern's first match, else at the end."""
    changed, times = pattern.subn(word, title, count=1)
    return changed if times else title + addition.format(word)
