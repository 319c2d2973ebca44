"""Words that a query takes out: "phone case -leather", "phone case without leather". Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from aisle.mappings import fields
from aisle.mappings.languages import LANGUAGES
from aisle.search.spacing import joined_pairs

MAX_EXCLUDED: Final = 10
"""Words of one query; more of them are a list of something."""

MAX_EXCLUDED_CHARS: Final = 200
"""Of what no result may have, one of the words or phrases: each word of it is a clause per field."""

# What stands before a word that is not wanted, and between two of them, by language.
_WITHOUT: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "en": ("without", ("or", "nor")),
        "de": ("ohne", ("oder",)),
        "nl": ("zonder", ("of",)),
        "fr": ("sans", ("ou", "ni")),
        "es": ("sin", ("o", "ni")),
        "it": ("senza", ("o",)),
        "pt": ("sem", ("ou",)),
        "sv": ("utan", ("eller",)),
        "da": ("uden", ("eller",)),
        "no": ("uten", ("eller",)),
        "pl": ("bez", ("lub",)),
        "cs": ("bez", ("nebo",)),
        "ru": ("без", ("или",)),
    }
)
# A hyphen, or what keyboards make of it, in front of a word that begins with a letter, and is more than that:
# not in t-shirt, -20 degrees or "drill - cordless".
_MINUS: Final = re.compile(r"(?<!\S)[-\u2010-\u2013\u2212](?=[^\W\d_])\S{2,}")
_EDGE: Final = ".,;:!?()[]\"'"


def read_negation(text: str, languages: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The query without what it takes out, and the words that it takes out.

    Args:
        text: a cleaned query.
        languages: of the catalogue, whose words for "without" count; those of others are names.

    Returns:
        The text as it is and no words, if nothing would be left to search for.
    """
    excluded: list[str] = []
    kept: list[str] = []
    told = {_WITHOUT[code][0]: code for code in languages if code in _WITHOUT}
    words = text.split()
    place = 0
    while place < len(words):
        word = words[place]
        if _MINUS.fullmatch(word):
            excluded.append(word[1:].strip(_EDGE))
            place += 1
        elif (code := told.get(word.lower())) and (taken := _taken(words[place + 1 :], code)):
            named, count = taken
            excluded += named
            place += 1 + count
        else:
            kept.append(word)
            place += 1
    if not excluded or len(excluded) > MAX_EXCLUDED or not any(map(str.isalnum, "".join(kept))):
        return text, ()
    return " ".join(kept), tuple(dict.fromkeys(excluded))


def _taken(words: Sequence[str], code: str) -> tuple[list[str], int] | None:
    """The words behind a "without", and how many that are with articles: "a lid or handle" are four."""
    fillers, either = LANGUAGES[code].stop_words, _WITHOUT[code][1]
    place = 0
    while place < len(words) and words[place].lower() in fillers:
        place += 1
    named: list[str] = []
    while place < len(words) and words[place][:1].isalpha() and (word := words[place].strip(_EDGE)):
        named.append(word)
        place += 1
        if place + 1 >= len(words) or words[place].lower() not in either:
            break
        place += 1
    return (named, place) if named else None


def excluding(words: Sequence[str], searched: Sequence[str]) -> dict[str, Any]:
    """A filter clause for items that have none of these words, however they are spaced.

    Args:
        words: not empty.
        searched: the fields that words are searched in.
    """
    has = [clause for word in words for clause in _has(word, searched)]
    return {"bool": {"must_not": has}}


def _has(word: str, searched: Sequence[str]) -> list[dict[str, Any]]:
    spaced = (word, *joined_pairs(word))
    return [
        *({"multi_match": {"query": one, "type": "phrase", "fields": list(searched)}} for one in spaced),
        *({"match": {fields.PAIRS: {"query": one, "operator": "and"}}} for one in spaced),
    ]
