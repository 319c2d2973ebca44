"""How text becomes terms: the analyzers of an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from aisle.mappings import fields
from aisle.mappings.compounds import MAX_PART_LENGTH, MIN_PART_LENGTH, CompoundDictionary
from aisle.mappings.languages import LANGUAGES, Language, TokenFilter, writes_together
from aisle.mappings.synonyms import Synonyms

_SYNONYMS = "aisle_synonyms"
_Chain: TypeAlias = tuple[str, tuple[TokenFilter, ...]]
_NO_DICTIONARIES: Mapping[str, CompoundDictionary] = MappingProxyType({})
_PARTS = TokenFilter("aisle_parts", {"type": "word_delimiter_graph", "preserve_original": True})
# Only an index needs its token graph flattened; in a query the graph keeps parts of a word together.
_FLATTEN = TokenFilter("flatten_graph")

# Two words written as one; a query's own words too, of which one may be two in a document.
_PAIR = {"type": "shingle", "min_shingle_size": 2, "max_shingle_size": 2, "token_separator": ""}
_PAIRS = TokenFilter("aisle_pairs", {**_PAIR, "output_unigrams": False})
_PAIRS_QUERY = TokenFilter("aisle_pairs_query", {**_PAIR, "output_unigrams": True})

# Letters and digits are what an identifier is told by, not how it is spaced and hyphenated.
_CHAR_FILTERS: dict[str, Any] = {
    # "M&M's" is "mms", not a possessive.
    "aisle_apostrophes": {
        "type": "pattern_replace",
        "pattern": "(?<=\\p{L})['\u2019](?=\\p{L})",
        "replacement": "",
    },
    "aisle_letters_digits": {"type": "pattern_replace", "pattern": "[^\\p{L}\\p{N}]", "replacement": ""},
}
_BEFORE = {name: ["aisle_apostrophes"] for name in (fields.ANALYZED_PAIRS, fields.ANALYZED_PAIRS_QUERY)}
_NORMALIZERS: dict[str, Any] = {
    fields.JOINED_LETTERS: {
        "type": "custom",
        "char_filter": ["aisle_letters_digits"],
        "filter": ["lowercase"],
    },
    fields.SORTED_LETTERS: {"type": "custom", "filter": ["lowercase", "asciifolding"]},
}


def analysis(
    languages: Sequence[str],
    synonyms: Synonyms,
    dictionaries: Mapping[str, CompoundDictionary] = _NO_DICTIONARIES,
) -> dict[str, Any]:
    """The value of ``settings.analysis``.

    Synonyms come after the stemmer, so that a rule about "sofa" is one about "sofas" too: OpenSearch passes
    the rules themselves through the filters before them.

    Args:
        languages: of the catalogue, keys of ``LANGUAGES``, the main one first.
        synonyms: what queries are widened by.
        dictionaries: language to the words that its compounds are made of, see ``compounds``.
    """
    main, *further = (LANGUAGES[code] for code in languages)
    words = _words(main)
    chains = {
        **_text_chains(main, fields.ANALYZED, fields.ANALYZED_QUERY, synonyms, dictionaries),
        fields.PLAIN: (main.tokenizer, main.lowering),
        fields.BACKWARDS: (main.tokenizer, (*main.lowering, TokenFilter("reverse"))),
        fields.ANALYZED_PARTS: ("whitespace", (_PARTS, _FLATTEN, *words)),
        fields.ANALYZED_PARTS_QUERY: ("whitespace", (_PARTS, *words)),
        fields.ANALYZED_PAIRS: (main.tokenizer, (*main.lowering, *main.spelling, _PAIRS, *main.stemming)),
        fields.ANALYZED_PAIRS_QUERY: (
            main.tokenizer,
            (*main.lowering, *main.spelling, _PAIRS_QUERY, *_stop_pairs(main), *main.stemming),
        ),
    }
    for one in further:
        name, of_queries = _analyzers_in(one.code)
        chains.update(_text_chains(one, name, of_queries, synonyms, dictionaries))
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
            name: {
                "type": "custom",
                "char_filter": _BEFORE.get(name, []),
                "tokenizer": tokenizer,
                "filter": [one.name for one in filters],
            }
            for name, (tokenizer, filters) in chains.items()
        },
    }


def _text_chains(
    language: Language,
    name: str,
    query_name: str,
    synonyms: Synonyms,
    dictionaries: Mapping[str, CompoundDictionary],
) -> dict[str, _Chain]:
    """The analyzers of texts in a language, and of queries in it."""
    of_documents: tuple[TokenFilter, ...] = ()
    of_queries: tuple[TokenFilter, ...] = ()
    if language.bigrams:
        # A query of one sign finds it, and one of several finds them side by side.
        settings = {"type": "cjk_bigram", "output_unigrams": True}
        of_documents, of_queries = (TokenFilter("aisle_bigrams", settings),), (TokenFilter("cjk_bigram"),)
    elif dictionary := dictionaries.get(language.code):
        of_documents = _decompounders(language.code, dictionary)
    widened = _words(language, of_queries)
    if synonyms.rules:
        settings = {"type": "synonym_graph", "synonyms": list(synonyms.rules_in(language))}
        widened = (*widened, TokenFilter(fields.in_language(_SYNONYMS, language.code), settings))
    return {
        name: (language.tokenizer, _words(language, of_documents)),
        query_name: (language.tokenizer, widened),
    }


def _stop_pairs(language: Language) -> tuple[TokenFilter, ...]:
    """What takes pairs such as "of the" out of queries: they say nothing. A language has few stop words."""
    stop = sorted(language.stop_words)
    if not stop:
        return ()
    pairs = [f"{first}{second}" for first in stop for second in stop]
    return (TokenFilter("aisle_stop_pairs", {"type": "stop", "stopwords": pairs}),)


def _words(language: Language, segmentation: tuple[TokenFilter, ...] = ()) -> tuple[TokenFilter, ...]:
    return (*language.lowering, *language.stop, *segmentation, *language.spelling, *language.stemming)


def _decompounders(code: str, dictionary: CompoundDictionary) -> tuple[TokenFilter, ...]:
    """Compounds that are parts of others first, then words that are no compounds, each of them once."""
    lists = {"parts": dictionary.parts, "words": dictionary.words}
    filters = [
        TokenFilter(
            f"aisle_compound_{kind}_{code}",
            {
                "type": "dictionary_decompounder",
                "word_list": list(listed),
                "min_subword_size": MIN_PART_LENGTH,
                "max_subword_size": MAX_PART_LENGTH,
                # What is found is not searched for shorter words.
                "only_longest_match": True,
            },
        )
        for kind, listed in lists.items()
        if listed
    ]
    return (*filters, TokenFilter("remove_duplicates")) if filters else ()


def text() -> dict[str, Any]:
    """Mapping of a text field that is searched, in the main language of the catalogue.

    Synonyms act on queries only: documents stay as they are.
    """
    return _text(fields.ANALYZED, fields.ANALYZED_QUERY)


def further_texts(languages: Sequence[str]) -> dict[str, Any]:
    """The sub-fields of a text field that is searched in the further languages of a catalogue."""
    return {code: _text(*_analyzers_in(code)) for code in languages[1:]}


def _analyzers_in(code: str) -> tuple[str, str]:
    return fields.in_language(fields.ANALYZED, code), fields.in_language(fields.ANALYZED_QUERY, code)


def parts() -> dict[str, Any]:
    """Mapping of the sub-field of a word's parts. Synonyms are about words, so they have no say here."""
    return _text(fields.ANALYZED_PARTS, fields.ANALYZED_PARTS_QUERY)


def _text(analyzer: str, of_queries: str) -> dict[str, Any]:
    return {"type": "text", "analyzer": analyzer, "search_analyzer": of_queries}


def pairs() -> dict[str, Any]:
    """Mapping of the field of neighbouring words written as one; without positions and lengths."""
    return {
        "type": "text",
        "index_options": "docs",
        "norms": False,
        "analyzer": fields.ANALYZED_PAIRS,
        "search_analyzer": fields.ANALYZED_PAIRS_QUERY,
    }


def spelling(languages: Sequence[str]) -> dict[str, Any]:
    """Mapping of the field that knows every searched word, as written and as a stem; without positions."""
    bare = {"type": "text", "index_options": "docs", "norms": False}
    others = {fields.STEMS: text(), **further_texts(languages)}
    if writes_together(languages):
        others[fields.ENDS] = {"analyzer": fields.BACKWARDS}
    return {
        **bare,
        "analyzer": fields.PLAIN,
        "fields": {name: {**mapping, **bare} for name, mapping in others.items()},
    }


def rules_of(settings: dict[str, Any]) -> Sequence[str]:
    """The synonyms that an index was made with.

    Args:
        settings: the value of ``settings.index`` in ``GET <index>``.
    """
    rules: dict[str, None] = {}
    for name, one in settings.get("analysis", {}).get("filter", {}).items():
        if name.startswith(_SYNONYMS):
            found = one.get("synonyms", ())
            # OpenSearch gives a list of one back as a string.
            rules.update(dict.fromkeys([found] if isinstance(found, str) else found))
    return list(rules)
