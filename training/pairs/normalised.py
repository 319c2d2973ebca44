"""When two texts count as the same. Pure."""

from __future__ import annotations

import unicodedata
from functools import cache


def normalised(text: str) -> str:
    """Case folded, compatibility forms unified, punctuation and controls as single spaces. Idempotent."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join("".join(map(_mark, text)).split())


@cache
def _mark(mark: str) -> str:
    # Letters, digits, marks and signs (+, $, degrees) tell texts apart; punctuation does not.
    return " " if unicodedata.category(mark)[0] in "PZC" else mark
