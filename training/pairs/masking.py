"""The hard task: a review without the words of its product's title. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from encoder.text import query_text

_WORD = re.compile(r"[^\W_]+")
_WORD_AND_GENITIVE = re.compile(r"([^\W_]+)(['\u2019]s(?![^\W_]))?", re.IGNORECASE)
_ES = ("sses", "shes", "ches", "xes", "zes")


def mask_title_words(text: str, title: str, *, plurals: bool = False) -> str:
    """The text without any word of the title, one line; what holds no letter or digit any more goes too.

    A word is a run of letters and digits. Words are equal if they are so case folded and without accents.
    Other words keep their order. Idempotent.

    Args:
        text: a review.
        title: of its product.
        plurals: words are also equal if they are so in the singular ("brushes", "brush"): harder still.
    """
    banned = {folded(word, plurals) for word in words_of(query_text(title))}

    def kept(match: re.Match[str]) -> str:
        word, genitive = match[1], match[2] or ""
        if folded(word, plurals) in banned:
            return " "
        return word if "s" in banned else word + genitive

    # Cleaned first: an invisible character within a word would hide it here and vanish later.
    chunks = _WORD_AND_GENITIVE.sub(kept, query_text(text)).split()
    return " ".join(chunk for chunk in chunks if _WORD.search(chunk))


def words_of(text: str) -> list[str]:
    """Its runs of letters and digits."""
    return _WORD.findall(text)


@lru_cache(maxsize=1 << 16)
def folded(word: str, plurals: bool) -> str:
    """Case folded and without accents; with ``plurals`` the plurals of English in the singular."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    word = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    return _singular(word) if plurals else word


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(_ES):
        return word[:-2]
    if len(word) > 2 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word
