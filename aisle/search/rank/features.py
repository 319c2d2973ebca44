"""Numbers that a learned ranker orders candidates by: one function, for training and for serving. Pure.

Whatever depends on the catalogue's own scale (BM25, business signals) is measured against the other
candidates of the same query, so that a ranker may be used on a catalogue that it was not trained on. What
does not apply (no such leg, no brand) is NaN, and no 0: a 0 is said of an item that lacks what others have.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aisle.mappings import BM25, DENSE, SPARSE
from aisle.mappings.fields import MARGIN, POPULARITY, RATING
from aisle.mappings.signals import IN_STOCK, RECENCY
from aisle.search.rank.evidence import FIELDS, Evidence
from aisle.search.rank.titles import Title, WordMatcher, plain, read_title

FEATURE_VERSION: Final = 1
"""Grows with every change of what a feature means: a ranker of another version is refused."""

Floats: TypeAlias = NDArray[np.float64]
Columns: TypeAlias = dict[str, Sequence[float] | Floats | float]


@dataclass(frozen=True, slots=True)
class Feature:
    """One number of a candidate.

    Attributes:
        name: in signals and tables.
        sign: 1 where more of it, all else equal, must not lower a score, -1 where it must not raise it; 0:
            the ranker may learn either.
    """

    name: str
    sign: int = 0


_LEGS: Final = (BM25, DENSE, SPARSE)
_SIGNALS: Final = (POPULARITY, RATING, MARGIN, IN_STOCK, RECENCY)


def _features() -> Iterator[Feature]:
    for leg in _LEGS:
        yield Feature(f"{leg}: share of the best", 1)
        yield Feature(f"{leg}: standardised", 1)
        yield Feature(f"{leg}: rank", -1)
        yield Feature(f"{leg}: found", 1)
    yield Feature(f"{DENSE}: cosine", 1)
    yield Feature("fusion: share of the best", 1)
    yield Feature("fusion: rank", -1)
    yield Feature("fusion: legs that found it", 1)
    for name in FIELDS:
        yield Feature(f"{name.partition('.')[0]}: share of the best", 1)
    yield from (
        Feature("words: share in the title", 1),
        Feature("words: rarest in the title", 1),
        Feature("words: last in the title", 1),
        Feature("words: number in the title", 0),
        Feature("words: noun of the query in the title", 1),
        Feature("words: noun of the query is the title's", 1),
        Feature("words: share in the title's first four", 1),
        Feature("words: share up to the title's noun", 1),
        Feature("words: share of the title's that are asked for", 1),
        Feature("words: share of the title's head that is asked for", 1),
        Feature("words: first place", 0),
        Feature("words: neighbours that stay neighbours", 1),
        Feature("words: longest run", 1),
        Feature("characters: share of the query's", 1),
        Feature("characters: Dice", 1),
        Feature("numbers: share in the title", 1),
        Feature("numbers: others in the title", 0),
        Feature("measures: share", 1),
        Feature("measures: contradicted", -1),
        Feature("brand: asked for", 1),
        Feature("first word: asked for", 1),
        Feature("category: share among the best", 1),
        Feature("noun: share among the best", 1),
        Feature("words: in common with the best", 1),
        Feature("price: against the others", 0),
        Feature("title: words", 0),
    )
    for name in _SIGNALS:
        yield Feature(f"signal: {name}", 1)
    yield from (
        Feature("query: words"),
        Feature("query: characters"),
        Feature("query: with a number"),
        Feature("query: with a measure"),
        Feature("query: corrected"),
        Feature("query: words that no title has"),
        Feature("query: cosine of the best"),
        Feature("query: gap of the cosines"),
        Feature("query: legs agree"),
    )


FEATURES: Final = tuple(_features())
"""In the order of the columns of `features`."""

_PLACE: Final = {feature.name: at for at, feature in enumerate(FEATURES)}
_BEST: Final = 20
_FIRST: Final = 4
_TOP: Final = 10
_FAR: Final = 1 << 30
_NO_SPREAD: Final = 1e-12


def features(evidence: Evidence) -> Floats:
    """The features of a query's candidates.

    Args:
        evidence: of n candidates, in the order of the fusion.

    Returns:
        float64 [n, len(FEATURES)], a row per candidate, NaN for what does not apply.
    """
    table = np.full((len(evidence.candidates), len(FEATURES)), np.nan)
    if evidence.candidates:
        compared = _compared(evidence)
        columns: Columns = {
            **_of_legs(evidence),
            **_of_fields(evidence),
            **_of_words(evidence, compared),
            **_of_numbers(evidence, compared),
            **_of_names(evidence, compared),
            **_of_the_best(evidence, compared),
            **_of_facts(evidence),
            **_of_query(evidence),
        }
        for name, column in columns.items():
            table[:, _PLACE[name]] = column
    return table


def _of_legs(evidence: Evidence) -> Columns:
    found: Columns = {}
    for leg in evidence.legs:
        if leg not in _LEGS:
            continue
        # An item without a vector has no cosine; one without the query's words has a BM25 of 0.
        lacking = math.nan if leg == DENSE else 0.0
        scores = np.array([each.scores.get(leg, lacking) for each in evidence.candidates])
        window = 1 + max((each.ranks.get(leg, 0) for each in evidence.candidates), default=0)
        ranks = np.array([each.ranks.get(leg, window) for each in evidence.candidates])
        found |= {
            f"{leg}: share of the best": _share(scores),
            f"{leg}: standardised": _standardised(scores),
            f"{leg}: rank": np.log2(1.0 + ranks),
            f"{leg}: found": [float(leg in each.ranks) for each in evidence.candidates],
        }
        if leg == DENSE:
            found[f"{leg}: cosine"] = scores
    places = np.array([each.place for each in evidence.candidates])
    return found | {
        "fusion: share of the best": _share(np.array([each.fused for each in evidence.candidates])),
        "fusion: rank": np.log2(2.0 + places),
        "fusion: legs that found it": [float(len(each.ranks)) for each in evidence.candidates],
    }


def _of_fields(evidence: Evidence) -> Columns:
    found: Columns = {}
    for name in FIELDS:
        scores = np.array([each.fields.get(name, 0.0) for each in evidence.candidates])
        if scores.any():
            found[f"{name.partition('.')[0]}: share of the best"] = _share(scores)
    return found


@dataclass(frozen=True, slots=True)
class _Compared:
    """The titles beside the query.

    Attributes:
        query: as a title.
        titles: of the candidates; places: for each of their words its place in the query, -1 for none.
        weights: [words], how rare each word of the query is.
        noun: place of the query's noun among its words.
        best: [n], what each candidate says of what the query means, as one of the best; 0 for the others.
    """

    query: Title
    titles: tuple[Title, ...]
    places: tuple[list[int], ...]
    weights: Floats
    noun: int
    best: Floats


def _compared(evidence: Evidence) -> _Compared:
    words = [plain(word) for word in evidence.words]
    matcher = WordMatcher(words)
    query = read_title(evidence.text)
    titles = tuple(read_title(each.title) for each in evidence.candidates)
    noun = query.words[query.noun] if query.words else ""
    at = np.arange(len(titles))
    return _Compared(
        query,
        titles,
        tuple(map(matcher.places, titles)),
        _weights(_word_scores(evidence)),
        words.index(noun) if noun in words else len(words) - 1,
        np.where(at < _BEST, 1.0 / np.log2(2.0 + at), 0.0),
    )


def _word_scores(evidence: Evidence) -> Floats:
    return np.array([each.words for each in evidence.candidates], dtype=np.float64).reshape(
        len(evidence.candidates), len(evidence.words)
    )


def _weights(scores: Floats) -> Floats:
    """How rare each word is: the best score that a title has for it, which its idf decides."""
    best = scores.max(axis=0)
    known = best[best > 0]
    return np.where(best > 0, best, known.mean() if len(known) else 1.0)


def _of_words(evidence: Evidence, compared: _Compared) -> Columns:
    """Which words of the query the titles have, by the release's analyzers, and where they stand."""
    scores, weights = _word_scores(evidence), compared.weights
    found: Columns = {**_of_places(compared), **_of_characters(compared)}
    if not len(weights):
        return found
    has = scores > 0
    return found | {
        "words: share in the title": has @ weights / weights.sum(),
        "words: rarest in the title": has[:, int(np.argmax(weights))].astype(np.float64),
        "words: last in the title": has[:, -1].astype(np.float64),
        "words: number in the title": has.sum(axis=1).astype(np.float64),
        "words: noun of the query in the title": has[:, compared.noun].astype(np.float64),
    }


def _of_places(compared: _Compared) -> Columns:
    """What the places of the query's words in the titles say. All titles' words are one list here."""
    titles, weights = compared.titles, compared.weights
    sizes = np.array([len(title.words) for title in titles])
    owners = np.repeat(np.arange(len(titles)), sizes)
    at = np.arange(len(owners)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    places = np.array([place for some in compared.places for place in some], dtype=np.int64)
    nouns = np.array([title.noun for title in titles])[owners]
    asked, head = places >= 0, at <= nouns
    number, total = len(weights), float(weights.sum()) or 1.0
    lengths = np.maximum(1, sizes)

    def count(which: NDArray[np.bool_]) -> Floats:
        return np.bincount(owners[which], minlength=len(titles)).astype(np.float64)

    def weight(which: NDArray[np.bool_]) -> Floats:
        there = np.zeros((len(titles), number))
        there[owners[which], places[which]] = 1.0
        return np.asarray(there @ weights / total)

    # A word that stands in the title right behind the one that it stands behind in the query.
    goes_on = np.zeros(len(places), dtype=np.bool_)
    goes_on[1:] = asked[:-1] & (places[1:] == places[:-1] + 1) & (owners[1:] == owners[:-1])
    pairs = np.zeros((len(titles), max(1, number)))
    pairs[owners[goes_on], places[goes_on]] = 1.0
    order = np.arange(len(places))
    runs = np.where(asked, 1 + order - np.maximum.accumulate(np.where(goes_on, 0, order)), 0)
    longest = np.zeros(len(titles))
    np.maximum.at(longest, owners, runs)
    first = sizes.astype(np.float64)
    np.minimum.at(first, owners[asked], at[asked])
    return {
        "words: noun of the query is the title's": count(asked & (at == nouns) & (places == compared.noun)),
        "words: share in the title's first four": weight(asked & (at < _FIRST)),
        "words: share up to the title's noun": weight(asked & head),
        "words: share of the title's that are asked for": count(asked) / lengths,
        "words: share of the title's head that is asked for": count(asked & head)
        / np.maximum(1, count(head)),
        "words: first place": first / lengths,
        "words: neighbours that stay neighbours": (
            pairs.sum(axis=1) / (number - 1) if number > 1 else np.full(len(titles), math.nan)
        ),
        "words: longest run": longest / max(1, number),
        "title: words": np.log1p(sizes),
    }


def _of_characters(compared: _Compared) -> Columns:
    query = compared.query.grams
    shared = np.array([len(query & title.grams) for title in compared.titles], dtype=np.float64)
    sizes = np.array([len(title.grams) for title in compared.titles])
    return {
        "characters: share of the query's": shared / max(1, len(query)),
        "characters: Dice": 2 * shared / np.maximum(1, len(query) + sizes),
    }


def _rows(compared: _Compared) -> tuple[tuple[Title, ...], tuple[list[int], ...]]:
    return compared.titles, compared.places


def _of_numbers(evidence: Evidence, compared: _Compared) -> Columns:
    found: Columns = {}
    numbers = {at for at, word in enumerate(evidence.words) if word[0].isdigit()}
    if numbers:
        found["numbers: share in the title"] = [
            len(numbers.intersection(places)) / len(numbers) for places in compared.places
        ]
        found["numbers: others in the title"] = [
            float(sum(w[0].isdigit() and at < 0 for w, at in zip(title.words, places, strict=True)))
            for title, places in zip(*_rows(compared), strict=True)
        ]
    if evidence.measures:
        count = len(evidence.measures)
        said = [frozenset(each.measures) for each in evidence.candidates]
        found["measures: share"] = [sum(t in of for t, _ in evidence.measures) / count for of in said]
        # Another number of a unit that the query names, as ``legs.Bm25Leg`` has it.
        asked = {
            unit: {term for term, of in evidence.measures if of == unit} for _, unit in evidence.measures
        }
        found["measures: contradicted"] = [
            sum(unit in of and not of & terms for unit, terms in asked.items()) / len(asked) for of in said
        ]
    return found


def _of_names(evidence: Evidence, compared: _Compared) -> Columns:
    """Brands, and the first words of titles, which are brands in many catalogues."""
    words = frozenset(plain(word) for word in evidence.words)
    brands = [plain(each.brand) for each in evidence.candidates]
    asked = {brand for brand in set(brands) if brand and words.issuperset(read_title(brand).words)}
    found: Columns = {}
    if any(brands):
        found["brand: asked for"] = [_asked(brand in asked, asked) if brand else math.nan for brand in brands]
    firsts = [bool(places) and places[0] >= 0 for places in compared.places]
    found["first word: asked for"] = [_asked(first, any(firsts)) for first in firsts]
    return found


def _asked(this: bool, any_at_all: object) -> float:
    """1 for what was asked for, -1 for another one, 0 where none was."""
    return 1.0 if this else -1.0 if any_at_all else 0.0


def _of_the_best(evidence: Evidence, compared: _Compared) -> Columns:
    """How much a candidate is what the best of the others are."""
    nouns = [{title.words[title.noun]} if title.words else set() for title in compared.titles]
    others = [
        {word for word, place in zip(title.words, places, strict=True) if place < 0}
        for title, places in zip(*_rows(compared), strict=True)
    ]
    found: Columns = {
        "noun: share among the best": _shares(nouns, compared.best),
        "words: in common with the best": _shares(others, compared.best),
    }
    levels = [
        {each.category[:depth] for depth in range(1, len(each.category) + 1)} for each in evidence.candidates
    ]
    if any(levels):
        found["category: share among the best"] = _shares(levels, compared.best)
    return found


def _shares(sets: Sequence[Set[Hashable]], weights: Floats) -> list[float]:
    """For each set, the mean of its members' shares of the weights, its own left out; NaN of an empty one."""
    counted: dict[Hashable, float] = {}
    for members, weight in zip(sets, weights.tolist(), strict=True):
        if weight:
            for member in members:
                counted[member] = counted.get(member, 0.0) + weight
    total = float(weights.sum())
    found = []
    for members, own in zip(sets, weights.tolist(), strict=True):
        others = total - own
        sums = [counted.get(member, 0.0) - own for member in members]
        found.append(sum(sums) / len(sums) / others if sums and others > 0 else math.nan)
    return found


def _of_facts(evidence: Evidence) -> Columns:
    found: Columns = {}
    prices = np.array([each.price or math.nan for each in evidence.candidates])
    if np.isfinite(prices).any():
        logs = np.log(prices)
        found["price: against the others"] = _standardised(logs)
    for name in _SIGNALS:
        if name in evidence.known_signals:
            found[f"signal: {name}"] = [(each.signals or {}).get(name, 0.0) for each in evidence.candidates]
    return found


def _of_query(evidence: Evidence) -> Columns:
    scores = _word_scores(evidence)
    cosines = np.array([each.scores.get(DENSE, math.nan) for each in evidence.candidates])
    best = np.sort(cosines[np.isfinite(cosines)])[::-1]
    tops = [
        {at for at, each in enumerate(evidence.candidates) if each.ranks.get(leg, _FAR) <= _TOP}
        for leg in evidence.legs
    ]
    shared = set.intersection(*tops) if tops else set()
    return {
        "query: words": float(len(evidence.words)),
        "query: characters": math.log1p(len(evidence.text)),
        "query: with a number": float(any(word[0].isdigit() for word in evidence.words)),
        "query: with a measure": float(bool(evidence.measures)),
        "query: corrected": float(evidence.corrected),
        "query: words that no title has": float((scores.max(axis=0) == 0).mean()) if scores.size else 0.0,
        "query: cosine of the best": float(best[0]) if len(best) else math.nan,
        "query: gap of the cosines": float(best[0] - best[min(_TOP, len(best)) - 1])
        if len(best)
        else math.nan,
        "query: legs agree": len(shared) / _TOP,
    }


def _share(scores: Floats) -> Floats:
    """Each score by the best one, where that is above 0."""
    best = np.nanmax(scores) if np.isfinite(scores).any() else 0.0
    return scores / best if best > 0 else np.zeros_like(scores)


def _standardised(scores: Floats) -> Floats:
    """Less the mean, in standard deviations; 0 where all are alike."""
    known = scores[np.isfinite(scores)]
    deviation = float(known.std()) if len(known) else 0.0
    if deviation <= _NO_SPREAD:
        return np.where(np.isfinite(scores), 0.0, math.nan)
    return np.asarray((scores - known.mean()) / deviation)
