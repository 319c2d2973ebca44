"""The legs of a search: each turns a question into one OpenSearch query. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from aisle.encoder import query_text
from aisle.encoder.base import QueryEncoder, SparseQueryEncoder
from aisle.errors import InvalidQuery
from aisle.mappings import BM25, DENSE, SPARSE, IndexMeta, fields
from aisle.mappings.measures import measures
from aisle.mappings.scripts import MARKS, UNSPELT
from aisle.mappings.vector_types import AS_FLOATS, Numbers, VectorLayout
from aisle.search.spacing import joined_pairs, joined_runs

MAX_WORDS = 2_000

# Where words are not spaced each sign may be one.
WORD: Final = re.compile(rf"[{UNSPELT}]|[^\W{UNSPELT}](?:[^\W{UNSPELT}]|[{MARKS}])*")


def checked_question(text: str) -> str:
    """The text as every leg gets it.

    Raises:
        InvalidQuery: if nothing is left of it but punctuation, or it has more than ``MAX_WORDS`` words.
    """
    cleaned = query_text(text)
    if not cleaned:
        raise InvalidQuery("the query is empty", fix="type at least one word")
    if not any(map(_says_something, cleaned)):
        raise InvalidQuery("the query has no word, only punctuation", fix="type at least one word")
    # Counted on the raw text: cleaning may have cut it, and a silent cut is what this error prevents.
    if sum(1 for _ in islice(WORD.finditer(text), MAX_WORDS + 1)) > MAX_WORDS:
        raise InvalidQuery(
            f"the query has more than {MAX_WORDS:,} words",
            fix="search for a product's name or a few of its traits",
        )
    return cleaned


def _says_something(mark: str) -> bool:
    """Letters, digits and pictures."""
    return unicodedata.category(mark)[0] in "LN" or unicodedata.category(mark) == "So"


FIELD_WORDS: Final = 40
"""Words of a query that are looked at in each field; OpenSearch refuses over 1,024 clauses, one per word and
field."""


def first_words(text: str, limit: int) -> str:
    """The text up to its ``limit``-th word, for legs whose cost grows with every word."""
    last = next(islice(WORD.finditer(text), limit - 1, limit), None)
    return text[: last.end()] if last else text


Vector = NDArray[np.float32]
Boosts = tuple[tuple[str, float], ...]

_NOTHING: Mapping[str, Mapping[str, float]] = MappingProxyType({})
_NO_LAYOUTS: Mapping[str, VectorLayout] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Question:
    """What every leg is asked.

    Attributes:
        text: cleaned query text, never empty.
        vectors: vector field to the query's vector as the release keeps them, [dims].
        filters: clauses that every result must match.
        window: how many candidates each leg finds.
        tokens: sparse field to the query's tokens and their weights, above 0.
        further_languages: that the release is searched in beside its main one.
        compounds: whether a language of the release writes words together.
        layouts: vector field to how the release keeps it; one that is missing is float32.
    """

    text: str
    vectors: Mapping[str, Numbers]
    filters: tuple[dict[str, Any], ...]
    window: int
    tokens: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: _NOTHING)
    further_languages: tuple[str, ...] = ()
    compounds: bool = False
    layouts: Mapping[str, VectorLayout] = field(default_factory=lambda: _NO_LAYOUTS)


class Leg(Protocol):
    """One way to find candidates."""

    @property
    def name(self) -> str:
        """Name in signals, weights and ``legs=``."""

    @property
    def vector_field(self) -> str | None:
        """Vector field that must hold the client's vector space, None for a lexical leg."""

    def query(self, question: Question) -> dict[str, Any]:
        """OpenSearch query clause, without the name."""


@dataclass(frozen=True, slots=True)
class Bm25Leg:
    """The leg of words: BM25F over the text fields (Robertson, Zaragoza and Taylor, CIKM 2004).

    BM25F scores an item as if its fields were one, so a word that is rare in titles but common in
    descriptions does not outweigh the rest, as it does where each field is scored alone.

    The score is the sum over the words, over their parts (part numbers, sizes with units), over words that
    are spaced otherwise, over numbers with their units, and over brands and identifiers that the query has
    whole. An item that says another number of a unit that the query names has a share of it taken away. In a
    catalogue of several languages the words count in the language in which they score best.

    Attributes:
        words, parts: field to how often a word there counts, 1 or more.
        pairs: weight of two words that the item has side by side, or as one where the query has two.
        joined: weight of two words of the query that the item has as one.
        whole: weight of a brand or an identifier.
        measures: weight of a number with its unit.
        contradicted: what is left of the score of an item that has that unit with other numbers alone.
        max_words: words that are looked at, see `FIELD_WORDS`.
    """

    words: Boosts = (
        (fields.TITLE, 8.0),
        (fields.TEXT, 4.0),
        (f"{fields.BRAND}.{fields.SEARCH}", 4.0),
        (f"{fields.CATEGORY_NAME}.{fields.SEARCH}", 4.0),
        # Of releases of schema version 1; a field that an index does not have is passed over.
        (f"{fields.CATEGORY}.{fields.SEARCH}", 4.0),
        (fields.ATTRIBUTE_TEXT, 1.0),
    )
    parts: Boosts = (
        (f"{fields.TITLE}.{fields.PARTS}", 2.0),
        (f"{fields.TEXT}.{fields.PARTS}", 1.0),
    )
    pairs: float = 0.25
    joined: float = 1.5
    whole: float = 1.0
    measures: float = 2.0
    contradicted: float = 0.9
    max_words: int = FIELD_WORDS
    name: str = BM25
    vector_field: str | None = None

    def query(self, question: Question) -> dict[str, Any]:
        """``combined_fields`` and ``match`` clauses, without query syntax: operators and wildcards are plain
        words."""
        text = first_words(question.text, self.max_words // (1 + len(question.further_languages)))
        asked = list(dict.fromkeys((found.term, found.unit) for found in measures(text)))
        should = [
            self._in_any_language(text, question.further_languages),
            _combined(text, self.parts),
            {"match": {fields.PAIRS: {"query": text, "boost": self.pairs}}},
            *self._joined(text, question.further_languages),
            *(
                {"term": {name: {"value": run, "boost": self.whole}}}
                for run in joined_runs(text)
                for name in _WHOLE
            ),
            *({"term": {fields.MEASURES: {"value": term, "boost": self.measures}}} for term, _ in asked),
            *ends_of_compounds(question),
        ]
        found = {"bool": {"should": should, "minimum_should_match": 1, "filter": list(question.filters)}}
        if not asked:
            return found
        others = [
            {
                "bool": {
                    "filter": [{"term": {fields.MEASURES: unit}}],
                    "must_not": [{"terms": {fields.MEASURES: [term for term, of in asked if of == unit]}}],
                }
            }
            for unit in dict.fromkeys(unit for _, unit in asked)
        ]
        return {
            "boosting": {
                "positive": found,
                "negative": {"bool": {"should": others}},
                "negative_boost": self.contradicted,
            }
        }

    def _joined(self, text: str, further_languages: Sequence[str]) -> list[dict[str, Any]]:
        pairs = joined_pairs(text)
        return [self._in_any_language(" ".join(pairs), further_languages, self.joined)] if pairs else []

    def _in_any_language(
        self, text: str, further_languages: Sequence[str], boost: float = 1.0
    ) -> dict[str, Any]:
        words = _combined(text, self.words, boost)
        if not further_languages:
            return words
        others = (_combined(text, _in_language(self.words, one), boost) for one in further_languages)
        return {"dis_max": {"queries": [words, *others]}}

    def having(self, words: str, further_languages: Sequence[str] = ()) -> dict[str, Any]:
        """A clause for items that have all of these words, each in whichever of the searched fields."""
        searched = [self.words, *(_in_language(self.words, one) for one in further_languages)]
        clauses = [_combined(words, boosts) for boosts in searched]
        for clause in clauses:
            clause["combined_fields"]["operator"] = "and"
        return {"bool": {"should": clauses, "minimum_should_match": 1}}


def searched_fields(further_languages: Sequence[str] = ()) -> tuple[str, ...]:
    """The fields that words are searched in."""
    names = [name for name, _ in Bm25Leg().words]
    others = (fields.searched_in(name, code) for code in further_languages for name in names)
    return tuple(dict.fromkeys((*names, *others)))


def words_query(legs: Sequence[Leg], question: Question) -> dict[str, Any] | None:
    """What the legs of words match, without filters; None if there is no such leg."""
    bare = replace(question, filters=())
    queries = [leg.query(bare) for leg in legs if leg.vector_field is None]
    return {"bool": {"should": queries, "minimum_should_match": 1}} if queries else None


# A shorter word ends others by chance, as "tisch" ends "praktisch".
MIN_END_LENGTH: Final = 6
_END: Final = re.compile(rf"[^\W\d_]{{{MIN_END_LENGTH},30}}")
_MAX_ENDS: Final = 8
_END_BOOST: Final = 0.5


def ends_of_compounds(question: Question) -> list[dict[str, Any]]:
    """Clauses for longer words that end in one of the question's: "Robotstofzuiger" for "stofzuiger".

    They find what the dictionary of the release does not take apart, as where no item has the word alone, and
    count less than any word.
    """
    if not question.compounds:
        return []
    words = list(dict.fromkeys(_END.findall(question.text.lower())))[:_MAX_ENDS]
    return [ends_in(word, _END_BOOST) for word in words]


def ends_in(word: str, boost: float = 1.0) -> dict[str, Any]:
    """A clause for words that end in this one, which stand backwards in a field of their own."""
    return {"prefix": {f"{fields.SPELLING}.{fields.ENDS}": {"value": word[::-1], "boost": boost}}}


def _in_language(boosts: Boosts, code: str) -> Boosts:
    return tuple((fields.searched_in(name, code), boost) for name, boost in boosts)


# A query's words, or some of them side by side, may be all of these.
_WHOLE = (f"{fields.BRAND}.{fields.JOINED}", fields.CODES)


def _combined(text: str, boosts: Boosts, boost: float = 1.0) -> dict[str, Any]:
    asked = {"query": text, "fields": [f"{name}^{weight:g}" for name, weight in boosts], "boost": boost}
    return {"combined_fields": asked}


@dataclass(frozen=True, slots=True)
class DenseLeg:
    """The leg of meaning: the query vector's nearest neighbours in the HNSW graph, filtered while searching.

    Items that have the same text have the same score, see ``ranking.leg_results``.
    """

    name: str = DENSE
    vector_field: str | None = fields.DENSE

    def query(self, question: Question) -> dict[str, Any]:
        """A ``knn`` clause with k = window, or the least that the layout of the vectors needs."""
        field = str(self.vector_field)
        layout = question.layouts.get(field, AS_FLOATS)
        return layout.nearest(field, question.vectors[field].tolist(), question.window, question.filters)


@dataclass(frozen=True, slots=True)
class SparseLeg:
    """The leg of learned words (SPLADE, arXiv 2109.10086): the dot product of query and item token
    weights."""

    name: str = SPARSE
    vector_field: str | None = fields.SPARSE

    def query(self, question: Question) -> dict[str, Any]:
        """A ``neural_sparse`` clause with ``query_tokens``; a question without known tokens finds nothing."""
        field = str(self.vector_field)
        tokens = question.tokens.get(field)
        if not tokens:
            return {"match_none": {}}
        asked = {"neural_sparse": {field: {"query_tokens": dict(tokens)}}}
        if not question.filters:
            return asked
        return {"bool": {"must": [asked], "filter": list(question.filters)}}


@dataclass(frozen=True, slots=True)
class QueryEncoders:
    """The encoders of a client, by the vector fields that they fill.

    Attributes:
        dense: for every vector field but the sparse one.
        sparse: for the sparse field.
    """

    dense: QueryEncoder | None = None
    sparse: SparseQueryEncoder | None = None

    def fingerprint(self, field: str) -> str | None:
        """Of the encoder that fills a field, None without one."""
        encoder = self.sparse if field == fields.SPARSE else self.dense
        return encoder.fingerprint if encoder else None

    def vectors(self, text: str, legs: Sequence[Leg], meta: IndexMeta) -> dict[str, Numbers]:
        """Vector field to the question's vector, as wide as the index has them, and in its numbers."""
        if self.dense is None:
            return {}
        widths = {field: meta.spaces[field].dims for field in _fields(legs) if field != fields.SPARSE}
        return {
            field: meta.vectors.numbers(self.dense.encode_queries([text], dims)[0])
            for field, dims in widths.items()
        }

    def tokens(self, text: str, legs: Sequence[Leg]) -> dict[str, Mapping[str, float]]:
        """Sparse field to the question's weights."""
        if self.sparse is None or fields.SPARSE not in _fields(legs):
            return {}
        return {fields.SPARSE: self.sparse.encode_query(text)}


def _fields(legs: Sequence[Leg]) -> list[str]:
    return [leg.vector_field for leg in legs if leg.vector_field]
