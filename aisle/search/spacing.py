"""A query's words as they may be spaced otherwise: "head phones" as "headphones". Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

MAX_WORDS: Final = 16
"""Words that are looked at: in longer texts neighbours say little."""

MAX_RUN: Final = 4
"""Words of a brand or a number that is written as one."""

# Apostrophes and the dots of initials separate nothing, as for the analyzers of documents.
_NO_SPACE = re.compile(r"(?<=[^\W\d_])['\u2019](?=[^\W\d_])|(?<=\b[^\W\d_])\.(?=[^\W\d_])")
_WORD = re.compile(r"[^\W_]+")


def joined_pairs(text: str) -> tuple[str, ...]:
    """Every two neighbouring words as one, and single letters with what follows them: "l l bean"."""
    words = _words(text)
    found = [first + second for first, second in pairwise(words) if _may_be_one(first, second)]
    return tuple(dict.fromkeys((*found, *_initials(words))))


def joined_runs(text: str) -> tuple[str, ...]:
    """Every run of one to ``MAX_RUN`` words as one, in lower case: what may be a brand or an identifier.

    Runs of three letters and fewer are words such as "on" and "it" too: they are only looked for where brands
    stand, at the beginning and at the end.
    """
    words = _words(text)
    return tuple(
        dict.fromkeys(
            run
            for first in range(len(words))
            for end in range(first + 1, min(first + MAX_RUN, len(words)) + 1)
            if len(run := "".join(words[first:end])) > 3 or first == 0 or end == len(words)
        )
    )


def _may_be_one(first: str, second: str) -> bool:
    """Not 4 x 6, nor 1 1/2 or 4 tiles; but 7 up, 3 m and playstation 5."""
    if "x" in (first, second) or (second[0].isdigit() and first[-1].isdigit()):
        return False
    return not first[0].isdigit() or len(second) <= 2


def _words(text: str) -> list[str]:
    return _WORD.findall(_NO_SPACE.sub("", text).lower())[:MAX_WORDS]


def _initials(words: list[str]) -> Iterator[str]:
    letters = ""
    for word in words:
        if len(letters) > 1:
            yield letters + word
        letters = letters + word if len(word) == 1 and word.isalpha() else ""
