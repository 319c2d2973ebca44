"""Features that say what the index's scores, the business and the query itself say of a candidate. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aisle.mappings import BM25, DENSE, SPARSE
from aisle.mappings.fields import MARGIN, POPULARITY, RATING
from aisle.mappings.signals import IN_STOCK, RECENCY
from aisle.search.rank.evidence import FIELDS, Evidence

Floats: TypeAlias = NDArray[np.float64]
Columns: TypeAlias = dict[str, Sequence[float] | Floats | float]
"""Name of a feature to its value for each candidate, or for all of them."""

LEGS: Final = (BM25, DENSE, SPARSE)
SIGNALS: Final = (POPULARITY, RATING, MARGIN, IN_STOCK, RECENCY)

_TOP: Final = 10
_FAR: Final = 1 << 30
_NO_SPREAD: Final = 1e-12


def of_legs(evidence: Evidence) -> Columns:
    """Each leg's scores and ranks, and those of the fusion."""
    found: Columns = {}
    for leg in evidence.legs:
        if leg not in LEGS:
            continue
        # An item without a vector has no cosine; one without the query's words has a BM25 of 0.
        lacking = math.nan if leg == DENSE else 0.0
        scores = np.array([each.scores.get(leg, lacking) for each in evidence.candidates])
        window = 1 + max((each.ranks.get(leg, 0) for each in evidence.candidates), default=0)
        ranks = np.array([each.ranks.get(leg, window) for each in evidence.candidates])
        found |= {
            f"{leg}: share of the best": shares_of_the_best(scores),
            f"{leg}: standardised": standardised(scores),
            f"{leg}: rank": np.log2(1.0 + ranks),
            f"{leg}: found": [float(leg in each.ranks) for each in evidence.candidates],
        }
        if leg == DENSE:
            found[f"{leg}: cosine"] = scores
    places = np.array([each.place for each in evidence.candidates])
    return found | {
        "fusion: share of the best": shares_of_the_best(
            np.array([each.fused for each in evidence.candidates])
        ),
        "fusion: rank": np.log2(2.0 + places),
        "fusion: legs that found it": [float(len(each.ranks)) for each in evidence.candidates],
    }


def of_fields(evidence: Evidence) -> Columns:
    """BM25 of each text field that some candidate has words of the query in."""
    found: Columns = {}
    for name in FIELDS:
        scores = np.array([each.fields.get(name, 0.0) for each in evidence.candidates])
        if scores.any():
            found[f"{name.partition('.')[0]}: share of the best"] = shares_of_the_best(scores)
    return found


def of_facts(evidence: Evidence) -> Columns:
    """The price against the others', and business signals."""
    found: Columns = {}
    prices = np.array([each.price or math.nan for each in evidence.candidates])
    if np.isfinite(prices).any():
        logs = np.log(prices)
        found["price: against the others"] = standardised(logs)
    for name in SIGNALS:
        if name in evidence.known_signals:
            found[f"signal: {name}"] = [(each.signals or {}).get(name, 0.0) for each in evidence.candidates]
    return found


def of_query(evidence: Evidence) -> Columns:
    """What kind of query it is, the same for all candidates."""
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
        "query: cosine of the best": float(best[0]) if len(best) else math.nan,
        "query: gap of the cosines": float(best[0] - best[min(_TOP, len(best)) - 1])
        if len(best)
        else math.nan,
        "query: legs agree": len(shared) / _TOP,
    }


def shares_of_the_best(scores: Floats) -> Floats:
    """Each score by the best one, where that is above 0."""
    best = float(np.fmax.reduce(scores))
    return scores / best if best > 0 else np.zeros_like(scores)


def standardised(scores: Floats) -> Floats:
    """Less the mean, in standard deviations; 0 where all are alike."""
    known = scores[np.isfinite(scores)]
    deviation = float(known.std()) if len(known) else 0.0
    if deviation <= _NO_SPREAD:
        return np.where(np.isfinite(scores), 0.0, math.nan)
    return np.asarray((scores - known.mean()) / deviation)
