"""Suggestions while a shopper types: what is asked, and what is made of the answers. Pure.

The index of suggestions knows what may be meant; whether the catalogue has it, under the filters and after
the latest deletion, is asked of the catalogue itself, as are the items.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aisle._arguments import check_kind, check_text, check_whole
from aisle.errors import InvalidQuery
from aisle.mappings import fields
from aisle.mappings.document import item_of
from aisle.mappings.suggestions import (
    COUNT,
    KIND,
    MAX_CHARS,
    QUERY,
    QUERY_INSIDE,
    SOURCE,
    TEXT,
    VALUE,
    VALUE_INSIDE,
    SuggestionKind,
    SuggestionSource,
    folded,
)
from aisle.markup import one_line
from aisle.search.filters import Filters
from aisle.search.legs import Bm25Leg, Question
from aisle.search.segments import typed_segments
from aisle.types import Item, Segments, flat_json

MOST: Final = 20
"""Suggestions of a kind."""


@dataclass(frozen=True, slots=True)
class SuggestedQuery:
    """A query that completes what was typed.

    Attributes:
        text: of it.
        segments: the text, with what was typed marked.
        count: how often it was asked, or stands in titles, or how many items have its words.
        source: which of these.
    """

    text: str
    segments: Segments
    count: int
    source: SuggestionSource


@dataclass(frozen=True, slots=True)
class SuggestedItem:
    """An item of the catalogue, with what was typed marked in its title."""

    item: Item
    segments: Segments


@dataclass(frozen=True, slots=True)
class SuggestedValue:
    """A category or brand to filter by.

    Attributes:
        value: as `Filters` takes it: a category's path, a brand.
        segments: the value, with what was typed marked.
        count: items that have it, under the filters.
    """

    value: str
    segments: Segments
    count: int


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What may be meant by what was typed so far; everything in it finds something.

    Attributes:
        queries: popular ones first.
        items: popular ones first, one of each group.
        categories, brands: those with the most items first.
        took_ms: from request to answer.
        release: that was asked.
    """

    queries: tuple[SuggestedQuery, ...]
    items: tuple[SuggestedItem, ...]
    categories: tuple[SuggestedValue, ...]
    brands: tuple[SuggestedValue, ...]
    took_ms: float
    release: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; segments are lists of text and whether it was typed."""
        return {
            "queries": [flat_json(query) for query in self.queries],
            "items": [{"item": one.item.to_json(), "segments": one.segments} for one in self.items],
            "categories": [flat_json(value) for value in self.categories],
            "brands": [flat_json(value) for value in self.brands],
            "took_ms": self.took_ms,
            "release": self.release,
        }


@dataclass(frozen=True, slots=True)
class SuggestRequest:
    """What was typed so far, and how much to suggest.

    Attributes:
        text: typed so far; empty suggests what is most popular.
        size: queries, and as many categories and brands at most, 1 to `MOST`.
        items: at most, 0 to `MOST`.
        filters: that everything suggested must find something under.

    Raises:
        InvalidQuery: a number that cannot be asked for.
    """

    text: str
    size: int = 8
    items: int = 4
    filters: Filters = field(default_factory=Filters)

    def __post_init__(self) -> None:
        check_text(text=self.text)
        check_whole(size=self.size, items=self.items)
        check_kind(Filters, filters=self.filters)
        if not (1 <= self.size <= MOST and 0 <= self.items <= MOST):
            raise InvalidQuery(
                f"{self.size} suggestions and {self.items} items cannot be asked for",
                fix=f"ask for 1 to {MOST} suggestions and 0 to {MOST} items",
            )

    @property
    def beginning(self) -> str:
        """Of the text, as much as is looked at: one that is longer completes nothing anyway."""
        return self.text[: 4 * MAX_CHARS]

    @property
    def typed(self) -> str:
        """As it is compared; of a text that is too long to complete anything, more than ``MAX_CHARS``."""
        return folded(self.beginning)


_START, _INSIDE, _FUZZY = "start", "inside", "fuzzy"
_VALUE, _VALUE_INSIDE, _VALUE_FUZZY = "value", "value_inside", "value_fuzzy"
_LAST, _LAST_FUZZY = "last", "last_fuzzy"
# Of the words that complete the last one, so many are tried behind the others.
_JOINED: Final = 4
# A typing error of one letter in three to five, of two in longer ones; never in the first.
_TYPOS: Final = {"fuzziness": "AUTO", "min_length": 3, "prefix_length": 1, "unicode_aware": True}


# Candidates beyond those that are shown: some of them may find nothing any more.
_SPARE: Final = 2


def completions_body(request: SuggestRequest) -> dict[str, Any]:
    """Body of the request to the index of suggestions."""
    typed = request.typed
    some = request.size + _SPARE
    if not typed:
        # Their ids are their places.
        return {"size": some, "query": {"ids": {"values": list(map(str, range(some)))}}}
    asked = {
        _START: _completion(typed, QUERY, some),
        _INSIDE: _completion(typed, QUERY_INSIDE, some),
        _FUZZY: _completion(typed, QUERY, some, typos=True),
        _VALUE: _completion(typed, VALUE, some),
        _VALUE_INSIDE: _completion(typed, VALUE_INSIDE, some),
        _VALUE_FUZZY: _completion(typed, VALUE, some, typos=True),
    }
    before, _, last = typed.rpartition(" ")
    if before:
        asked[_LAST] = _completion(last, QUERY, some)
        asked[_LAST_FUZZY] = _completion(last, QUERY, some, typos=True)
    return {"size": 0, "suggest": asked}


def _completion(prefix: str, name: str, size: int, *, typos: bool = False) -> dict[str, Any]:
    how = {"field": name, "size": size, **({"fuzzy": _TYPOS} if typos else {})}
    return {"prefix": prefix, "completion": how}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be suggested, if it finds something.

    Attributes:
        text: a query, or a value to filter by.
        kind, source, count: of it.
    """

    text: str
    kind: SuggestionKind
    source: SuggestionSource
    count: int


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the index of suggestions offers.

    Attributes:
        queries: best first; those with typing errors corrected last.
        values: categories and brands, likewise.
        last_words: whole words that what was typed last may become.
        corrected: no query begins, whole or from one of its words, with what was typed.
    """

    queries: tuple[Candidate, ...]
    values: tuple[Candidate, ...]
    last_words: tuple[str, ...]
    corrected: bool

    @property
    def known(self) -> tuple[Candidate, ...]:
        """The queries that the index of suggestions has as they are."""
        return tuple(query for query in self.queries if query.source is not SuggestionSource.JOINED)


def read_completions(request: SuggestRequest, answer: Mapping[str, Any]) -> Candidates:
    """From the answer to `completions_body`."""
    if not request.typed:
        hits = sorted(answer["hits"]["hits"], key=lambda hit: int(hit["_id"]))
        first = [_candidate(hit["_source"]) for hit in hits]
        popular = [one for one in first if one.source is SuggestionSource.POPULAR]
        return Candidates(tuple(popular), (), (), corrected=False)
    found = {name: [_candidate(option) for option in _options(answer, name)] for name in answer["suggest"]}
    exact = sorted(
        [*found[_START], *found[_INSIDE]], key=lambda one: one.source is not SuggestionSource.POPULAR
    )
    last = request.typed.count(" ")
    words = [word for one in exact if (word := _word_at(one.text, request.typed, last))]
    behind = found.get(_LAST) or found.get(_LAST_FUZZY) or []
    words += [folded(one.text).partition(" ")[0] for one in behind]
    # Composed, as texts are: folding takes the letters of Hangul apart.
    words = [unicodedata.normalize("NFC", word) for word in words]
    joined = _joined(request, words) if not exact and last else []
    # What was typed is taken for a typing error only where nothing begins so.
    queries = _once(exact or [*joined, *found[_FUZZY]])
    values = _once([*found[_VALUE], *found[_VALUE_INSIDE]] or found[_VALUE_FUZZY])
    return Candidates(
        tuple(queries[: request.size + _SPARE]),
        tuple(values[: request.size + _SPARE]),
        tuple(dict.fromkeys(words))[: 2 * _JOINED],
        corrected=not exact,
    )


def _options(answer: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    return (option["_source"] for entry in answer["suggest"][name] for option in entry["options"])


def _candidate(source: Mapping[str, Any]) -> Candidate:
    return Candidate(
        source[TEXT], SuggestionKind(source[KIND]), SuggestionSource(source[SOURCE]), source[COUNT]
    )


def _word_at(text: str, typed: str, last: int) -> str:
    """The whole word that the last one typed begins."""
    words = folded(text).split(" ")
    starts = (start for start in range(len(words)) if " ".join(words[start:]).startswith(typed))
    start = next(starts, None)
    return "" if start is None else words[start + last]


def _joined(request: SuggestRequest, words: Iterable[str]) -> list[Candidate]:
    """What was typed before, and each word that the last one may become."""
    before = one_line(request.beginning).lower().rpartition(" ")[0]
    return [
        Candidate(f"{before} {word}", SuggestionKind.QUERY, SuggestionSource.JOINED, 0)
        for word in list(dict.fromkeys(words))[:_JOINED]
    ]


def _once(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each text once, where it stands first."""
    found: dict[tuple[SuggestionKind, str], Candidate] = {}
    for candidate in candidates:
        found.setdefault((candidate.kind, folded(candidate.text)), candidate)
    return list(found.values())


NO_CANDIDATES: Final = Candidates((), (), (), corrected=False)

# Where an item may have a word that was typed.
_FIELDS: Final = (
    fields.TITLE,
    f"{fields.BRAND}.{fields.SEARCH}",
    f"{fields.CATEGORY_NAME}.{fields.SEARCH}",
)
# Alternatives to what was typed that items are looked for by.
_ALTERNATIVES: Final = 3
# Each costs a few clauses, and no shopper types more.
_MOST_WORDS: Final = 16


def catalogue_bodies(request: SuggestRequest, candidates: Candidates) -> list[dict[str, Any]]:
    """Bodies of the requests to the catalogue, in one ``_msearch``.

    The first tells which release answers, the second brings the items; then one for each query and value.
    """
    clauses = request.filters.clauses()
    return [
        {"size": 1, "_source": False, "track_total_hits": False, "query": {"match_all": {}}},
        _items_body(request, candidates, clauses),
        *(_query_body(query, clauses) for query in candidates.queries),
        *(_value_body(value, clauses) for value in candidates.values),
    ]


def _items_body(
    request: SuggestRequest, candidates: Candidates, clauses: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    words = one_line(request.beginning).split(" ")[:_MOST_WORDS]
    ways = [{"bool": {"must": [*map(_word, words[:-1]), _beginning(words[-1], candidates.last_words)]}}]
    if candidates.corrected:
        ways += [_all_words(query.text) for query in candidates.known[:_ALTERNATIVES]]
    matching = {"bool": {"should": ways, "minimum_should_match": 1}} if request.typed else {"match_all": {}}
    likely = [{"match": {fields.TITLE: {"query": query.text}}} for query in candidates.known[:1]]
    return {
        "size": request.items,
        "_source": list(fields.DISPLAY),
        "track_total_hits": False,
        "query": {
            "bool": {
                "filter": [matching, *clauses],
                "should": [{"rank_feature": {"field": fields.POPULARITY_RANK}}, *likely],
            }
        },
        "collapse": {"field": fields.GROUP},
    }


def _word(word: str) -> dict[str, Any]:
    """Items with a whole word; a word that is left out of the index is no condition."""
    return {
        "multi_match": {
            "query": word,
            "fields": list(_FIELDS),
            "operator": "and",
            "zero_terms_query": "all",
        }
    }


def _all_words(text: str) -> dict[str, Any]:
    return {"bool": {"must": [_word(word) for word in text.split(" ")]}}


def _beginning(word: str, whole: Sequence[str]) -> dict[str, Any]:
    """Items with a word that begins so, or with one of these whole words.

    The index has stems of words alone: "drilli" begins none, and is found by "drilling".
    """
    prefixes = [{"match_bool_prefix": {name: {"query": word, "operator": "and"}}} for name in _FIELDS]
    return {"bool": {"should": [*prefixes, *map(_word, whole)], "minimum_should_match": 1}}


def _query_body(query: Candidate, clauses: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Whether the words of a query find an item: any of a popular one, all of the others."""
    if query.source is SuggestionSource.POPULAR:
        return found_body(query.text, clauses)
    stems = f"{fields.SPELLING}.{fields.STEMS}"
    words = {"match": {stems: {"query": query.text, "operator": "and"}}}
    asked = {"bool": {"filter": [words, *clauses]}}
    if query.source is SuggestionSource.TITLE:
        return {"size": 0, "terminate_after": 1, "track_total_hits": 1, "query": asked}
    return {"size": 0, "track_total_hits": True, "query": asked}


def found_body(text: str, clauses: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Body of a request that tells whether the words of a query find an item."""
    asked = Bm25Leg().query(Question(text, {}, tuple(clauses), 1))
    return {"size": 0, "terminate_after": 1, "track_total_hits": 1, "query": asked}


def _value_body(value: Candidate, clauses: Sequence[dict[str, Any]]) -> dict[str, Any]:
    name = fields.CATEGORY if value.kind is SuggestionKind.CATEGORY else fields.BRAND
    asked = {"bool": {"filter": [{"term": {name: value.text}}, *clauses]}}
    return {"size": 0, "track_total_hits": True, "query": asked}


def total(answer: Mapping[str, Any]) -> int:
    """How many items an answer counts."""
    return int(answer["hits"]["total"]["value"])


def answering_release(answers: Sequence[Mapping[str, Any]]) -> str | None:
    """The release that answered `catalogue_bodies`; None if it holds nothing."""
    hits = answers[0]["hits"]["hits"]
    return str(hits[0]["_index"]) if hits else None


def read_suggestions(
    request: SuggestRequest,
    candidates: Candidates,
    answers: Sequence[Mapping[str, Any]],
    release: str,
    took_ms: float,
) -> Suggestions:
    """What to show.

    Args:
        request: of the shopper.
        candidates: of the index of suggestions.
        answers: to `catalogue_bodies`.
        release: that they are from.
        took_ms: so far.
    """
    counts = [total(answer) for answer in answers[2:]]
    queries, values = counts[: len(candidates.queries)], counts[len(candidates.queries) :]
    shown = [
        SuggestedQuery(
            query.text, typed_segments(query.text, request.beginning), query.count or count, query.source
        )
        for query, count in zip(candidates.queries, queries, strict=True)
        if count
    ]
    counted = [
        (value.kind, SuggestedValue(value.text, typed_segments(value.text, request.beginning), count))
        for value, count in zip(candidates.values, values, strict=True)
        if count
    ]
    items = [item_of(hit["_id"], hit["_source"]) for hit in answers[1]["hits"]["hits"]]
    return Suggestions(
        queries=tuple(shown[: request.size]),
        items=tuple(SuggestedItem(item, typed_segments(item.title, request.beginning)) for item in items),
        categories=_of_kind(counted, SuggestionKind.CATEGORY, request.size),
        brands=_of_kind(counted, SuggestionKind.BRAND, request.size),
        took_ms=took_ms,
        release=release,
    )


def _of_kind(
    counted: Iterable[tuple[SuggestionKind, SuggestedValue]], kind: SuggestionKind, size: int
) -> tuple[SuggestedValue, ...]:
    return tuple(value for is_kind, value in counted if is_kind is kind)[:size]
