"""What a learned ranker is told of each candidate: one request, for exactly the items that it orders. Pure.

Every leg scores every candidate here, also those that only another leg found, and each text field and each
word of the query is scored for itself, by the release's own analyzers and statistics. So nothing about a
catalogue has to be kept in a ranker, and an item that a leg found too late is told from one that it cannot
find at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from aisle.mappings import IndexMeta, fields
from aisle.mappings.measures import measures
from aisle.mappings.signals import SignalBoosts
from aisle.mappings.vector_types import inner_product
from aisle.search.fusion import Fused, LegResult
from aisle.search.legs import FIELD_WORDS, WORD, Leg, Question, first_words
from aisle.search.rank.shown import Shown
from aisle.search.signals import signals_of, stored_signals, tunable_signals
from aisle.search.stored import columns_body, stored_values

FIELDS: Final = (
    fields.TITLE,
    fields.TEXT,
    f"{fields.BRAND}.{fields.SEARCH}",
    f"{fields.CATEGORY_NAME}.{fields.SEARCH}",
    fields.ATTRIBUTE_TEXT,
)
"""The text fields whose BM25 is asked for."""

MAX_WORDS: Final = 12
"""Words of a query that are looked at one by one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that is to be ranked, and what is known of it.

    Attributes:
        id: of the item.
        fused: score of the fusion; place: in its order, from 0.
        scores: leg to its score: BM25, a sparse leg's sum of products, a dense one's inner product (the
            cosine of unit vectors). A leg to which the item says nothing is missing.
        ranks: leg to the rank in what it found, from 1; missing where it did not find the item.
        fields: text field to its BM25, above 0.
        words: score of each word of the query in the title, 0 for one that it lacks; as many as
            `Evidence.words`.
        title, brand, category, measures, price: see `Shown`.
        signals: business signal to its value, 0 to 1; those of value 0 are left out.
    """

    id: str
    fused: float
    place: int
    scores: Mapping[str, float]
    ranks: Mapping[str, int]
    fields: Mapping[str, float]
    words: tuple[float, ...]
    title: str
    brand: str = ""
    category: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    price: float | None = None
    signals: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A query and its candidates.

    Attributes:
        text: that was searched; corrected: whether it is not what was typed.
        words: of the text, in lower case, each once.
        measures: the numbers with units that the text names, as terms with their units.
        legs: that were asked.
        candidates: in the order of the fusion.
        known_signals: business signals that the release has.
    """

    text: str
    words: tuple[str, ...]
    measures: tuple[tuple[str, str], ...]
    legs: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    corrected: bool = False
    known_signals: tuple[str, ...] = ()


def words_of(text: str) -> tuple[str, ...]:
    """The first `MAX_WORDS` words of a query, in lower case, each once."""
    return tuple(dict.fromkeys(found.lower() for found in WORD.findall(text)))[:MAX_WORDS]


def evidence_body(
    question: Question, legs: Sequence[Leg], meta: IndexMeta, ids: Sequence[str]
) -> dict[str, Any]:
    """Body of the request for what the index says of some items; it goes with `EVIDENCE_PARAMS`.

    It asks for columns alone, and no document, which is the most of what a hit costs: see `ShownDocuments`.

    Args:
        question: that they were found for, with its vectors and tokens.
        legs: that were asked.
        meta: of the release.
        ids: of the items.
    """
    bare = replace(question, filters=())
    text = first_words(bare.text, FIELD_WORDS)
    asked = [
        *(_named(_exact(leg, bare), f"leg:{leg.name}") for leg in legs),
        *(_named({"match": {name: {"query": text}}}, f"field:{name}") for name in FIELDS),
        *(
            _named({"match": {fields.TITLE: {"query": word}}}, f"word:{place}")
            for place, word in enumerate(words_of(bare.text))
        ),
    ]
    return {
        "size": len(ids),
        **columns_body(stored_signals(_boosts(meta))),
        "seq_no_primary_term": True,
        "query": {"bool": {"filter": [{"ids": {"values": list(ids)}}], "should": asked}},
        # What each query scores is asked for, and no sum of it.
        "sort": ["_doc"],
        "track_total_hits": False,
    }


EVIDENCE_PARAMS: Final = {"include_named_queries_score": "true"}
"""URL parameters that go with `evidence_body`."""


def read_evidence(
    hits: Mapping[str, Mapping[str, Any]],
    shown: Mapping[str, Shown],
    question: Question,
    meta: IndexMeta,
    fused: Sequence[Fused],
    results: Mapping[str, LegResult],
    *,
    corrected: bool = False,
    at: datetime | None = None,
) -> Evidence:
    """What the answer to `evidence_body` says; an item that was deleted meanwhile is left out.

    Args:
        hits: item to its hit, of the answer.
        shown: what the documents of the items say.
        question: that was asked.
        meta: of the release.
        fused: the items, best first.
        results: what each leg found.
        corrected: whether the question is not what was typed.
        at: moment of the search; None: now.
    """
    ranks = {leg: {id_: rank for rank, id_ in enumerate(of.ids, 1)} for leg, of in results.items()}
    words, boosts = words_of(question.text), _boosts(meta)
    leg_names = {leg: f"leg:{leg}" for leg in results}
    field_names = {name: f"field:{name}" for name in FIELDS}
    word_names = [f"word:{place}" for place in range(len(words))]
    signals = signals_of(boosts, meta, stored_values(hits.values()), at or datetime.now(UTC))
    candidates = []
    for place, each in enumerate(fused):
        if each.id not in hits or each.id not in shown:
            continue
        document, named = shown[each.id], hits[each.id].get("matched_queries", {})
        candidates.append(
            Candidate(
                id=each.id,
                fused=each.score,
                place=place,
                scores={
                    leg: _leg_score(question, meta, leg, named[name])
                    for leg, name in leg_names.items()
                    if name in named
                },
                ranks={leg: found[each.id] for leg, found in ranks.items() if each.id in found},
                fields={field: named[name] for field, name in field_names.items() if name in named},
                words=tuple([named.get(name, 0.0) for name in word_names]),
                title=document.title,
                brand=document.brand,
                category=document.category,
                measures=document.measures,
                price=document.price,
                signals={name: of[each.id] for name, of in signals.items() if each.id in of},
            )
        )
    return Evidence(
        text=question.text,
        words=words,
        measures=tuple(dict.fromkeys((found.term, found.unit) for found in measures(question.text))),
        legs=tuple(results),
        candidates=tuple(candidates),
        corrected=corrected,
        known_signals=tuple(boosts.weights),
    )


def _named(query: dict[str, Any], name: str) -> dict[str, Any]:
    return {"bool": {"must": [query], "_name": name}}


def _exact(leg: Leg, question: Question) -> dict[str, Any]:
    """A leg's own query; of a dense one all vectors are compared, for a graph gives its nearest alone."""
    vector = question.vectors.get(leg.vector_field or "")
    if vector is None:
        return leg.query(question)
    params = {"field": leg.vector_field, "query_value": vector.tolist(), "space_type": "innerproduct"}
    script = {"lang": "knn", "source": "knn_score", "params": params}
    return {"script_score": {"query": {"exists": {"field": leg.vector_field}}, "script": script}}


def _leg_score(question: Question, meta: IndexMeta, leg: str, score: float) -> float:
    return inner_product(meta.vectors.score(score)) if leg in question.vectors else score


def _boosts(meta: IndexMeta) -> SignalBoosts:
    """The release's business signals, to be read alone."""
    return SignalBoosts(dict.fromkeys(tunable_signals(meta), 0.0))
