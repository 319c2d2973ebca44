"""How text becomes terms: the analyzers of an index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aisle.mappings import fields
from aisle.mappings.languages import Language, TokenFilter
from aisle.mappings.synonyms import Synonyms

_SYNONYMS = "aisle_synonyms"
_PARTS = TokenFilter("aisle_parts", {"type": "word_delimiter_graph", "preserve_original": True})
# Only an index needs its token graph flattened; in a query the graph keeps parts of a word together.
_FLATTEN = TokenFilter("flatten_graph")

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
    fields.SORTED_LETTERS: {"type": "custom", "filter": ["lowercase", "asciifolding"]},
}


def analysis(language: Language, synonyms: Synonyms) -> dict[str, Any]:
    """The value of ``settings.analysis``.

    Synonyms come after the stemmer, so that a rule about "sofa" is one about "sofas" too: OpenSearch passes
    the rules themselves through the filters before them.

    Args:
        language: of the catalogue.
        synonyms: what queries are widened by.
    """
    words = (*language.normalisation, language.stop, *language.stemming)
    chains = {
        fields.ANALYZED: (language.tokenizer, words),
        fields.PLAIN: (language.tokenizer, language.normalisation),
        fields.ANALYZED_PARTS: ("whitespace", (_PARTS, _FLATTEN, *words)),
        fields.ANALYZED_PARTS_QUERY: ("whitespace", (_PARTS, *words)),
    }
    if synonyms.rules:
        rules = TokenFilter(_SYNONYMS, {"type": "synonym_graph", "synonyms": list(synonyms.rules)})
        chains[fields.ANALYZED_QUERY] = (language.tokenizer, (*words, rules))
    return {
        "char_filter": _CHAR_FILTERS,
        "filter": {
            one.name: dict(one.settings)
            for _, filters in chains.values()
            for one in filters
            if one.settings is not None
        },
        "normalizer": _NORMALIZERS,
        "analyzer": {
            name: {"type": "custom", "tokenizer": tokenizer, "filter": [one.name for one in filters]}
            for name, (tokenizer, filters) in chains.items()
        },
    }


def text(synonyms: Synonyms) -> dict[str, Any]:
    """Mapping of a text field that is searched. Synonyms act on queries only: documents stay as they are."""
    searched = {"type": "text", "analyzer": fields.ANALYZED}
    return {**searched, "search_analyzer": fields.ANALYZED_QUERY} if synonyms.rules else searched


def parts() -> dict[str, Any]:
    """Mapping of the sub-field of a word's parts. Synonyms are about words, so they have no say here."""
    return {
        "type": "text",
        "analyzer": fields.ANALYZED_PARTS,
        "search_analyzer": fields.ANALYZED_PARTS_QUERY,
    }


def spelling() -> dict[str, Any]:
    """Mapping of the field that knows every searched word, as written and as a stem; without positions."""
    bare = {"type": "text", "index_options": "docs", "norms": False}
    return {
        **bare,
        "analyzer": fields.PLAIN,
        "fields": {fields.STEMS: {**bare, "analyzer": fields.ANALYZED}},
    }


def rules_of(settings: dict[str, Any]) -> Sequence[str]:
    """The synonyms that an index was made with.

    Args:
        settings: the value of ``settings.index`` in ``GET <index>``.
    """
    found = settings.get("analysis", {}).get("filter", {}).get(_SYNONYMS, {}).get("synonyms", ())
    # OpenSearch gives a list of one back as a string.
    return [found] if isinstance(found, str) else list(found)
