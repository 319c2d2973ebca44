"""Numbers that a learned ranker orders candidates by: one function, for training and for serving. Pure.

Whatever depends on the catalogue's own scale (BM25, business signals) is measured against the other
candidates of the same query, so that a ranker may be used on a catalogue that it was not trained on. What
does not apply (no such leg, no brand) is NaN, and no 0: a 0 is said of an item that lacks what others have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from aisle.mappings import DENSE
from aisle.search.rank.evidence import FIELDS, Evidence
from aisle.search.rank.scores import LEGS, SIGNALS, Columns, Floats, of_facts, of_fields, of_legs, of_query
from aisle.search.rank.titles import TitleReader
from aisle.search.rank.wording import (
    of_brands,
    of_characters,
    of_measures,
    of_numbers,
    of_places,
    of_the_best,
    of_words,
    wording,
)

FEATURE_VERSION: Final = 1
"""Grows with every change of what a feature means: a ranker of another version is refused."""


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


def _features() -> Iterator[Feature]:
    for leg in LEGS:
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
    for name in SIGNALS:
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


def features(evidence: Evidence, titles: TitleReader | None = None) -> Floats:
    """The features of a query's candidates.

    Args:
        evidence: of n candidates, in the order of the fusion.
        titles: remembers titles from one query to the next; None: nothing is remembered.

    Returns:
        float64 [n, len(FEATURES)], a row per candidate, NaN for what does not apply.
    """
    table = np.full((len(evidence.candidates), len(FEATURES)), np.nan)
    if evidence.candidates:
        known = (titles or TitleReader()).known()
        words = wording(evidence, known)
        columns: Columns = {
            **of_legs(evidence),
            **of_fields(evidence),
            **of_words(words),
            **of_places(words),
            **of_characters(words),
            **of_numbers(evidence, words),
            **of_measures(evidence),
            **of_brands(evidence, words, known),
            **of_the_best(evidence, words),
            **of_facts(evidence),
            **of_query(evidence),
        }
        for name, column in columns.items():
            table[:, _PLACE[name]] = column
    return table
