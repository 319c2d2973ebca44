"""Search within a facet's values: "bo" finds "Bosch" and "Black & Böker". Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final

from aisle.errors import InvalidQuery
from aisle.markup import one_line

MAX_LETTERS: Final = 30
MAX_PATTERN: Final = 1_000
"""OpenSearch's index.max_regex_length."""

# Latin letters that Unicode does not take apart.
_LETTERS: Final = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "ħ": "h",
        "\u0131": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ŋ": "n",
    }
)
# What `folded` makes of one letter may be two: these a text may mean by two letters.
_PAIRS: Final = frozenset({"ss", "ae", "oe", "th", "ij", "lj", "nj", "dz", "ff", "fi", "fl"})
# Where Latin letters with accents are, and ligatures.
_ACCENTED: Final = "\u00c0-\u024f\u1e00-\u1eff\ufb00-\ufb06"

# What words are made of where they stand between spaces.
_WORDS: Final = "0-9A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u1fff"


def folded(text: str) -> str:
    """A text as values are compared: case and accents make no difference."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(mark for mark in apart if not unicodedata.combining(mark))
    return unicodedata.normalize("NFC", bare).casefold().translate(_LETTERS)


def matches_value(text: str, value: str) -> bool:
    """Whether a word of the value starts with the text, or, in scripts without spaces, any part of it does.

    The rest of the text, spaces included, follows in the value as it is.
    """
    wanted, found = folded(text.strip()), folded(value)
    start = found.find(wanted)
    while start >= 0:
        if start == 0 or not _is_word(found[start - 1]) or not _is_spaced(wanted[0]):
            return True
        start = found.find(wanted, start + 1)
    return False


def _is_word(mark: str) -> bool:
    return mark.isalnum()


def _is_spaced(mark: str) -> bool:
    """Whether words that begin with this letter stand between spaces: those of scripts with two cases do."""
    return mark.isascii() or mark.lower() != mark.upper()


def checked_text(text: str) -> str:
    """The text that values are searched for.

    Raises:
        InvalidQuery: nothing to search for, or more than ``MAX_LETTERS``.
    """
    wanted = one_line(text)
    if not folded(wanted):
        raise InvalidQuery("nothing to search the facet's values for", fix="type at least one letter")
    if len(wanted) > MAX_LETTERS:
        raise InvalidQuery(
            f"a facet's values are searched for up to {MAX_LETTERS} letters, not {len(wanted)}",
            fix="type the beginning of a word",
        )
    return wanted


def value_pattern(text: str, prefix: str = "") -> str:
    """A regular expression in Lucene's syntax that finds every value which the text matches, and maybe more.

    Args:
        text: from a user; no letter of it is syntax.
        prefix: what stands before each value in the index, likewise.
    """
    wanted = folded(text.strip())
    # The second of two letters may be part of the first: "ss" stands for one letter in "Straße".
    letters = [
        f"{_any_form(letter)}?" if wanted[max(0, place - 1) : place + 1] in _PAIRS else _any_form(letter)
        for place, letter in enumerate(wanted)
    ]
    before = f"(.*[^{_WORDS}])?" if _is_spaced(wanted[0]) else ".*"
    return fitting([*map(escaped, prefix), before, *letters, ".*"])


def beginning_pattern(prefix: str) -> str:
    """A regular expression in Lucene's syntax that finds every text which begins so, and maybe more."""
    return fitting([*map(escaped, prefix), ".*"])


def below_patterns(paths: Sequence[str], separator: str) -> list[str]:
    """Regular expressions in Lucene's syntax that find, together, these paths and all below them.

    Args:
        paths: likewise.
        separator: between the levels of one.
    """
    found: list[str] = []
    for path in paths:
        below = fitting([*map(escaped, path), f"({escaped(separator)}.*)?"])
        if found and len(found[-1]) + len(below) < MAX_PATTERN:
            found[-1] += f"|{below}"
        else:
            found.append(below)
    return found


def fitting(parts: Sequence[str]) -> str:
    """The parts of a regular expression as one, which finds more where it were too long for OpenSearch."""
    whole = "".join(parts)
    if len(whole) <= MAX_PATTERN:
        return whole
    ends = accumulate(map(len, parts))
    return "".join(part for part, end in zip(parts, ends, strict=True) if end <= MAX_PATTERN - 2) + ".*"


def escaped(text: str) -> str:
    """The text as a regular expression in Lucene's syntax that matches it alone."""
    return "".join(mark if mark.isalnum() or not mark.isascii() else f"\\{mark}" for mark in text)


@lru_cache(maxsize=1_000)
def _any_form(letter: str) -> str:
    if letter.isascii():
        return f"[{letter}{letter.upper()}{_ACCENTED}]" if letter.isalpha() else escaped(letter)
    # Letters with and without accents, and the marks that stand on them, are close together.
    block = [chr(code) for code in range(ord(letter) & ~0xFF, (ord(letter) | 0xFF) + 1)]
    forms = {letter, letter.upper(), *(other for other in block if folded(other) == letter)}
    marks = "".join(mark for mark in block if unicodedata.combining(mark))
    return f"({'|'.join(sorted(forms))})" + (f"[{marks}]*" if marks else "")
