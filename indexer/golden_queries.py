"""The questions that a sound release answers, and what counts as an answer. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mappings import fields

TOP: Final = 10
# A title of thousands of words would be more clauses than a query may have.
_MAX_WORDS: Final = 100
# HNSW finds its own tail badly with a narrow beam, which is no fault of the release.
_BEAM: Final = 200
_WORD: Final = re.compile(r"\w+")
# What the index's English analyzer leaves out (Lucene's EnglishAnalyzer): by these alone nothing is found.
_STOP: Final = frozenset(
    _WORD.findall(
        "a an and are as at be but by for if in into is it no not of on or such that the their then there"
        " these they this to was will with"
    )
)


def same_words(title: str, other: str) -> bool:
    """Whether two titles have the same words, in any order and case; False if they have none."""
    wanted = _words(title)
    return bool(wanted) and wanted == _words(other)


def can_be_asked(title: str) -> bool:
    """Whether BM25 can find anything by this title."""
    return bool(_words(title).keys() - _STOP)


def title_query(title: str) -> dict[str, Any]:
    """BM25 on the title field alone; the text is words and never syntax."""
    text = " ".join(_WORD.findall(title)[:_MAX_WORDS])
    return _asking({"match": {fields.TITLE: {"query": text}}})


def vector_query(vector: Sequence[float], field: str = fields.DENSE) -> dict[str, Any]:
    """The nearest neighbours of a vector."""
    return _asking(
        {"knn": {field: {"vector": list(vector), "k": TOP, "method_parameters": {"ef_search": _BEAM}}}}
    )


def is_found(item_id: str, title: str, hits: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the hits hold the item, or one that is called the same: of fifty twins only ten are shown."""
    return any(
        hit["_id"] == item_id or same_words(title, hit["_source"].get(fields.TITLE, "")) for hit in hits
    )


def _words(title: str) -> Counter[str]:
    return Counter(_WORD.findall(title.casefold()))


def _asking(query: dict[str, Any]) -> dict[str, Any]:
    return {"size": TOP, "_source": [fields.TITLE], "query": query}
