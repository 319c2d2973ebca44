"""The words of a text as rules compare them. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

Words = tuple[str, ...]

_ASCII_WORD: Final = re.compile(r"[a-z0-9]+")
# Scripts that are written without spaces between words: Thai to Khmer, kana, Chinese characters.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
_VARIATIONS: Final = frozenset(map(chr, range(0xFE00, 0xFE10)))


def words_of(text: str) -> Words:
    """The words of a text as rules compare them: composed (NFKC), without case or punctuation.

    A character of a script without spaces is a word of its own, so that a rule finds its words within a
    Japanese or Thai query as it does in others; so is a picture.
    """
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    if text.isascii():
        return tuple(_ASCII_WORD.findall(text))
    return tuple("".join(map(_apart, text)).split())


def _apart(mark: str) -> str:
    category = unicodedata.category(mark)
    if mark in _VARIATIONS or category == "Cf":
        return ""
    # Vowel signs and accents without a composed form belong to the letter before them.
    if category[0] in "LNM":
        return f" {mark} " if _UNSPACED.match(mark) else mark
    return f" {mark} " if category == "So" else " "
