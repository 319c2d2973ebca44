"""How text becomes terms: the analyzers of an index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aisle.mappings import fields
from aisle.mappings.synonyms import Synonyms

_SYNONYMS = "aisle_synonyms"
_PLAIN = ["aisle_possessive", "lowercase", "asciifolding"]
_WORDS = [*_PLAIN, "aisle_stop", "aisle_stemmer"]

# Letters and digits are what an identifier is told by, not how it is spaced and hyphenated.
_CHAR_FILTERS: dict[str, Any] = {
    "aisle_letters_digits": {"type": "pattern_replace", "pattern": "[^\\p{L}\\p{N}]", "replacement": ""},
}
_NORMALIZERS: dict[str, Any] = {
    fields.JOINED_LETTERS: {
        "type": "custom",
        "char_filter": ["aisle_letters_digits"],
        "filter": ["lowercase"],
    },
}
_FILTERS: dict[str, Any] = {
    "aisle_possessive": {"type": "stemmer", "language": "possessive_english"},
    "aisle_stop": {"type": "stop", "stopwords": "_english_"},
    "aisle_stemmer": {"type": "stemmer", "language": "english"},
    "aisle_parts": {"type": "word_delimiter_graph", "preserve_original": True},
}


def analysis(synonyms: Synonyms) -> dict[str, Any]:
    """The value of ``settings.analysis``.

    Synonyms come after the stemmer, so that a rule about "sofa" is one about "sofas" too: OpenSearch passes
    the rules themselves through the filters before them.
    """
    analyzers = {
        fields.ENGLISH: _custom("standard", _WORDS),
        fields.PLAIN: _custom("standard", _PLAIN),
        # Only an index needs its token graph flattened; in a query the graph keeps parts of a word together.
        fields.ENGLISH_PARTS: _custom("whitespace", ["aisle_parts", "flatten_graph", *_WORDS]),
        fields.ENGLISH_PARTS_QUERY: _custom("whitespace", ["aisle_parts", *_WORDS]),
    }
    filters = _FILTERS
    if synonyms.rules:
        rules = {"type": "synonym_graph", "synonyms": list(synonyms.rules)}
        analyzers[fields.ENGLISH_QUERY] = _custom("standard", [*_WORDS, _SYNONYMS])
        filters = {**_FILTERS, _SYNONYMS: rules}
    return {
        "char_filter": _CHAR_FILTERS,
        "filter": filters,
        "normalizer": _NORMALIZERS,
        "analyzer": analyzers,
    }


def english(synonyms: Synonyms) -> dict[str, Any]:
    """Mapping of a text field that is searched. Synonyms act on queries only: documents stay as they are."""
    text = {"type": "text", "analyzer": fields.ENGLISH}
    return {**text, "search_analyzer": fields.ENGLISH_QUERY} if synonyms.rules else text


def english_parts() -> dict[str, Any]:
    """Mapping of the sub-field of a word's parts. Synonyms are about words, so they have no say here."""
    return {
        "type": "text",
        "analyzer": fields.ENGLISH_PARTS,
        "search_analyzer": fields.ENGLISH_PARTS_QUERY,
    }


def spelling() -> dict[str, Any]:
    """Mapping of the field that knows every searched word, as written and as a stem; without positions."""
    bare = {"type": "text", "index_options": "docs", "norms": False}
    return {
        **bare,
        "analyzer": fields.PLAIN,
        "fields": {fields.STEMS: {**bare, "analyzer": fields.ENGLISH}},
    }


def rules_of(settings: dict[str, Any]) -> Sequence[str]:
    """The synonyms that an index was made with.

    Args:
        settings: the value of ``settings.index`` in ``GET <index>``.
    """
    found = settings.get("analysis", {}).get("filter", {}).get(_SYNONYMS, {}).get("synonyms", ())
    # OpenSearch gives a list of one back as a string.
    return [found] if isinstance(found, str) else list(found)


def _custom(tokenizer: str, filters: Sequence[str]) -> dict[str, Any]:
    return {"type": "custom", "tokenizer": tokenizer, "filter": list(filters)}
