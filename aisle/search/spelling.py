"""Words that no item has, and the words of items that they may stand for: asked and read. Pure.

OpenSearch's term suggester (Lucene's DirectSpellChecker) rides along with the candidates request. It looks
each word up and offers near words, at one or two edits, for those that are missing. Whether an item has
another form of such a word, in a language of the catalogue, a second request tells: "drilling" is not missing
where an item has "drill". Words with digits are never asked about: a part number that is not there must not
become another one. Nor are words of scripts that are searched by pairs of signs or by syllables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aisle.mappings import fields
from aisle.mappings.scripts import MARKS, UNSPELT
from aisle.search.legs import MIN_END_LENGTH, ends_in
from aisle.search.page import Correction
from aisle.search.spacing import joined_pairs

# Longer texts are no queries of a shopper, and each missing word costs the server some time.
MAX_WORDS = 16
MIN_WORD_LENGTH = 4
# What is longer is no misspelt word, and costs the server more with every letter.
MAX_WORD_LENGTH = 30
# What DirectSpellChecker calls accuracy: 1 - edits / length must be above it. One edit in words of four and
# five letters, two in longer ones.
_LEAST_ALIKE = 0.64

_TYPED = "typed"
_LETTERS = rf"[^\W\d_](?:[^\W\d_]|[{MARKS}])*"
_WORD = re.compile(rf"{_LETTERS}(?:['\u2019]{_LETTERS})*")
_UNSPELT = re.compile(f"[{UNSPELT}]")
_CHUNK = re.compile(r"\S+")


def spelling_body(text: str) -> dict[str, Any] | None:
    """The ``suggest`` section for a query; None if it has no word that could be corrected."""
    asked = _asked(text)
    if not asked:
        return None
    return {
        "text": " ".join(dict.fromkeys(match.group() for match in asked)),
        _TYPED: {
            "term": {
                "field": fields.SPELLING,
                "suggest_mode": "missing",
                "size": 5,
                "sort": "score",
                "max_edits": 2,
                "prefix_length": 1,
                "min_word_length": MIN_WORD_LENGTH,
                "accuracy": _LEAST_ALIKE,
            }
        },
    }


def read_spelling(
    text: str, suggest: Mapping[str, Any], known: frozenset[str] = frozenset()
) -> Correction | None:
    """What the text may have meant, unless `having_body` finds its words in another form.

    Args:
        text: the one that `spelling_body` was given.
        suggest: ``suggest`` of the answer.
        known: words in lower case that stand for others, such as synonyms.

    Returns:
        None if some item has every word as it is typed, or nothing is like those that none has.
    """
    offers = _offers(suggest[_TYPED])
    words: dict[str, str] = {}
    at = 0
    for word in dict.fromkeys(match.group() for match in _asked(text)):
        if word.lower() not in known and (offer := offers.get(at)):
            words[word] = offer
        at += len(word) + 1
    return corrected(text, words) if words else None


def corrected(text: str, words: Mapping[str, str]) -> Correction:
    """The text with each of the words replaced; all else stays as it was typed."""
    parts, end = [], 0
    for match in _asked(text):
        parts += [text[end : match.start()], words.get(match.group(), match.group())]
        end = match.end()
    return Correction("".join([*parts, text[end:]]), dict(words))


def without_words(text: str, correction: Correction, had: frozenset[str]) -> Correction | None:
    """The correction without the words that some item has after all; None if no word is left to correct.

    Args:
        text: as it was typed.
        correction: of it.
        had: words that are right as they are.
    """
    words = {word: better for word, better in correction.words.items() if word not in had}
    return corrected(text, words) if words else None


def _asked(text: str) -> list[re.Match[str]]:
    """The words that may be corrected."""
    chunks = [chunk for chunk in _CHUNK.finditer(text) if not any(map(str.isdigit, chunk.group()))]
    found = [match for chunk in chunks for match in _WORD.finditer(text, chunk.start(), chunk.end())]
    if len(found) > MAX_WORDS:
        return []
    # OpenSearch counts places in UTF-16: where a letter takes two of its units, they would not be ours.
    return [
        m
        for m in found
        if MIN_WORD_LENGTH <= len(m.group()) <= MAX_WORD_LENGTH
        and max(m.group()) <= "\uffff"
        and not _UNSPELT.search(m.group())
    ]


def _offers(entries: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """Where a word begins to what is most like it."""
    return {entry["offset"]: entry["options"][0]["text"] for entry in entries if entry["options"]}


_WORDS = "words"


def having_body(
    text: str, words: Sequence[str], further_languages: Sequence[str] = (), *, compounds: bool = False
) -> dict[str, Any]:
    """Body of a request that counts the items with each word; only items that have one are looked at.

    Args:
        text: as it was typed.
        words: of it. One that an item has as two words, or as one with its neighbour, is had as well.
        further_languages: of the release, beside its main one.
        compounds: a word that longer ones end in is had as well.
    """
    looked_up = (fields.SPELLING, *_stems(further_languages))
    pairs = joined_pairs(text)
    having = {
        word: _having(word, [one for one in pairs if word.lower() in one], looked_up, compounds=compounds)
        for word in words
    }
    return {
        "size": 0,
        "query": {"bool": {"should": list(having.values())}},
        "aggs": {_WORDS: {"filters": {"filters": having}}},
    }


def words_had(answer: Mapping[str, Any]) -> frozenset[str]:
    """Those that some item has, from the answer to `having_body`."""
    buckets = answer["aggregations"][_WORDS]["buckets"]
    return frozenset(word for word, bucket in buckets.items() if bucket["doc_count"])


def _stems(further_languages: Sequence[str]) -> list[str]:
    """The fields of stems, of which a word need be in one."""
    main = f"{fields.SPELLING}.{fields.STEMS}"
    return [main, *(fields.searched_in(main, code) for code in further_languages)]


def _having(word: str, pairs: Sequence[str], looked_up: Sequence[str], *, compounds: bool) -> dict[str, Any]:
    asked = [{"match": {name: one}} for name in looked_up for one in (word, *pairs)]
    ends = [ends_in(word.lower())] if compounds and len(word) >= MIN_END_LENGTH else []
    return {"bool": {"should": [*asked, {"match": {fields.PAIRS: word}}, *ends]}}
