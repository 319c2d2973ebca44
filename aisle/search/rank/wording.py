"""Features that say how candidates are worded: which words of the query their titles have, and where. Pure.

The words of all titles are one list of numbers here, so that what is asked of them is arithmetic on arrays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aisle.search.rank.evidence import Evidence
from aisle.search.rank.scores import Columns, Floats
from aisle.search.rank.titles import KnownTitle, KnownTitles, plain, read_title

Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

_BEST: Final = 20
_FIRST: Final = 4


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of n titles, M in all, beside those of the query, Q.

    Attributes:
        query: as a title.
        titles: of the candidates.
        sizes: int64 [n], words of each.
        owners: int64 [M], the title of each word; at: int64 [M], its place there.
        words: int64 [M], numbers of the words, equal for equal ones.
        first: bool [M], whether its title has a word there for the first time.
        numbers: bool [M], whether a word begins with a digit.
        places: int64 [M], the place in the query of the word that it is, -1 for none.
        nouns: int64 [n], place of each title's noun, -1 for none.
        has: float64 [n, Q], 1 where a title has a word of the query.
        noun: place of the query's noun among its words.
        scores: float64 [n, Q], what the index says of each word in each title.
        weights: float64 [Q], how rare each word of the query is.
        best: float64 [n], what each candidate says of what the query means, as one of the best; 0 for others.
    """

    query: KnownTitle
    titles: tuple[KnownTitle, ...]
    sizes: Ints
    owners: Ints
    at: Ints
    words: Ints
    first: Flags
    numbers: Flags
    places: Ints
    nouns: Ints
    has: Floats
    noun: int
    scores: Floats
    weights: Floats
    best: Floats

    def count(self, which: Flags) -> Floats:
        """float64 [n]: how many of these words each title has."""
        return np.bincount(self.owners[which], minlength=len(self.titles)).astype(np.float64)


def wording(evidence: Evidence, known: KnownTitles) -> Wording:
    """The titles of a query's candidates beside it.

    Args:
        evidence: of the candidates.
        known: by which titles are read.
    """
    asked = [plain(word) for word in evidence.words]
    query = known.numbered(read_title(evidence.text))
    read = tuple(known.read(each.title) for each in evidence.candidates)
    sizes = np.array([len(each.numbers) for each in read])
    owners = np.repeat(np.arange(len(read)), sizes)
    words = np.concatenate([each.numbers for each in read])
    places = known.places(asked, words)
    has = np.zeros((len(read), len(asked)))
    found = places >= 0
    has[owners[found], places[found]] = 1.0
    noun = query.words[query.noun] if query.words else ""
    scores = np.array([each.words for each in evidence.candidates], dtype=np.float64)
    scores = scores.reshape(len(read), len(asked))
    order = np.arange(len(read))
    return Wording(
        query,
        read,
        sizes,
        owners,
        np.arange(len(owners)) - np.repeat(np.cumsum(sizes) - sizes, sizes),
        words,
        np.concatenate([each.first for each in read]),
        np.concatenate([each.digits for each in read]),
        places,
        np.array([each.noun for each in read]),
        has,
        asked.index(noun) if noun in asked else len(asked) - 1,
        scores,
        _rarity(scores),
        np.where(order < _BEST, 1.0 / np.log2(2.0 + order), 0.0),
    )


def _rarity(scores: Floats) -> Floats:
    """How rare each word is: the best score that a title has for it, which its idf decides."""
    best = scores.max(axis=0)
    known = best[best > 0]
    return np.where(best > 0, best, known.mean() if len(known) else 1.0)


def of_words(wording: Wording) -> Columns:
    """Which words of the query the titles have, by the release's analyzers."""
    weights = wording.weights
    if not len(weights):
        return {"query: words that no title has": 0.0}
    has = wording.scores > 0
    return {
        "query: words that no title has": float((~has.any(axis=0)).mean()),
        "words: share in the title": has @ weights / weights.sum(),
        "words: rarest in the title": has[:, int(np.argmax(weights))],
        "words: last in the title": has[:, -1],
        "words: number in the title": has.sum(axis=1),
        "words: noun of the query in the title": has[:, wording.noun],
    }


def of_places(wording: Wording) -> Columns:
    """Where the words of the query stand in the titles, compared as they are written."""
    weights, owners, at, places = wording.weights, wording.owners, wording.at, wording.places
    titles, sizes, nouns = wording.titles, wording.sizes, wording.nouns[owners]
    asked, head = places >= 0, at <= nouns
    number, total = len(weights), float(weights.sum()) or 1.0
    lengths = np.maximum(1, sizes)

    def weight(which: Flags) -> Floats:
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
    # Of several in a title the one that is written last counts: from the end, that is the first one.
    first[owners[asked][::-1]] = at[asked][::-1]
    return {
        "words: noun of the query is the title's": wording.count(
            asked & (at == nouns) & (places == wording.noun)
        ),
        "words: share in the title's first four": weight(asked & (at < _FIRST)),
        "words: share up to the title's noun": weight(asked & head),
        "words: share of the title's that are asked for": wording.count(asked) / lengths,
        "words: share of the title's head that is asked for": wording.count(asked & head)
        / np.maximum(1, wording.count(head)),
        "words: first place": first / lengths,
        "words: neighbours that stay neighbours": (
            pairs.sum(axis=1) / (number - 1) if number > 1 else math.nan
        ),
        "words: longest run": longest / max(1, number),
        "title: words": np.log1p(sizes),
    }


def of_characters(wording: Wording) -> Columns:
    """How many pieces of three characters query and title share."""
    number, query = len(wording.titles), wording.query.grams
    sizes = np.array([len(title.grams) for title in wording.titles])
    grams = np.concatenate([title.grams for title in wording.titles])
    asked = np.zeros(1 + int(max(grams.max(initial=0), query.max(initial=0))), dtype=np.bool_)
    asked[query] = True
    shared = np.bincount(np.repeat(np.arange(number), sizes)[asked[grams]], minlength=number)
    return {
        "characters: share of the query's": shared / max(1, len(query)),
        "characters: Dice": 2.0 * shared / np.maximum(1, len(query) + sizes),
    }


def of_numbers(evidence: Evidence, wording: Wording) -> Columns:
    """Numbers of the query, and others in the title."""
    numbers = [at for at, word in enumerate(evidence.words) if word[0].isdigit()]
    if not numbers:
        return {}
    return {
        "numbers: share in the title": wording.has[:, numbers].sum(axis=1) / len(numbers),
        "numbers: others in the title": wording.count(wording.numbers & (wording.places < 0)),
    }


def of_measures(evidence: Evidence) -> Columns:
    """Numbers with units of the query: the same, or another number of that unit."""
    count = len(evidence.measures)
    if not count:
        return {}
    said = [frozenset(each.measures) for each in evidence.candidates]
    # Another number of a unit that the query names, as ``legs.Bm25Leg`` has it.
    asked = {unit: {term for term, of in evidence.measures if of == unit} for _, unit in evidence.measures}
    return {
        "measures: share": [sum(t in of for t, _ in evidence.measures) / count for of in said],
        "measures: contradicted": [
            sum(unit in of and not of & terms for unit, terms in asked.items()) / len(asked) for of in said
        ],
    }


def of_brands(evidence: Evidence, wording: Wording, known: KnownTitles) -> Columns:
    """Brands, and the first words of titles, which are brands in many catalogues: asked for, or others."""
    words = frozenset(plain(word) for word in evidence.words)
    brands = [each.brand for each in evidence.candidates]
    asked = {brand: bool(brand) and words.issuperset(known.read(brand).words) for brand in set(brands)}
    another = -1.0 if any(asked.values()) else 0.0
    values = {brand: (1.0 if hit else another) if brand else math.nan for brand, hit in asked.items()}
    found: Columns = {}
    if any(brands):
        found["brand: asked for"] = [values[brand] for brand in brands]
    firsts = wording.count((wording.at == 0) & (wording.places >= 0))
    found["first word: asked for"] = np.where(firsts > 0, 1.0, -1.0 if firsts.any() else 0.0)
    return found


def of_the_best(evidence: Evidence, wording: Wording) -> Columns:
    """How much a candidate is what the best of the others are: by noun, words and category."""
    number, owners, words = len(evidence.candidates), wording.owners, wording.words
    nouns = wording.at == wording.nouns[owners]
    others = wording.first & (wording.places < 0)
    found: Columns = {
        "noun: share among the best": _shares(owners[nouns], words[nouns], wording.best),
        "words: in common with the best": _shares(owners[others], words[others], wording.best),
    }
    categories = [each.category for each in evidence.candidates]
    if any(categories):
        depths = np.array([len(category) for category in categories])
        levels = (category[:depth] for category in categories for depth in range(1, len(category) + 1))
        numbers: dict[tuple[str, ...], int] = {}
        members = np.fromiter((numbers.setdefault(level, len(numbers)) for level in levels), np.int64)
        found["category: share among the best"] = _shares(
            np.repeat(np.arange(number), depths), members, wording.best
        )
    return found


def _shares(owners: Ints, members: Ints, weights: Floats) -> Floats:
    """For each candidate, the mean of its members' shares of the weights, its own left out.

    Args:
        owners: int64 [M], candidate of each member, rising.
        members: int64 [M], numbers, each once for one candidate.
        weights: float64 [n], of the candidates.

    Returns:
        float64 [n], NaN for a candidate without members.
    """
    own = weights[owners]
    counted = np.bincount(members, weights=own)
    sizes = np.bincount(owners, minlength=len(weights))
    sums = np.bincount(owners, weights=counted[members] - own, minlength=len(weights))
    rest = weights.sum() - weights
    known = (sizes > 0) & (rest > 0)
    shares = np.full(len(weights), math.nan)
    shares[known] = sums[known] / sizes[known] / rest[known]
    return shares
