"""Fusion of result lists: the pure reference that the server's pipelines are held to.

Reciprocal rank fusion is from Cormack, Clarke and Büttcher, SIGIR 2009. Normalisations and means are those
of OpenSearch's normalization-processor, with its edge cases: a normalised 0 becomes 0.001 in min-max and
z-score, a list whose scores are all equal becomes 1 in min-max, and an item that a leg did not find counts
as 0 in the arithmetic mean but is left out of the geometric and harmonic means.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.mappings.fusion import (
    ARITHMETIC,
    GEOMETRIC,
    HARMONIC,
    L2,
    MIN_MAX,
    RRF,
    Z_SCORE,
    FusionSpec,
    QueryWeights,
)
from aisle.types import Addition

_FLOOR = 0.001

Scores = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LegResult:
    """What one leg found: item ids, best first, and their raw scores, both of the same length."""

    ids: Sequence[str]
    scores: Sequence[float]


@dataclass(frozen=True, slots=True)
class Fused:
    """One fused item.

    Attributes:
        id: the item.
        score: the fused score.
        contributions: per leg of the spec, what it added.
        additions: what was added after the fusion, in that order. All these numbers sum to ``score``.
    """

    id: str
    score: float
    contributions: tuple[float, ...]
    additions: tuple[Addition, ...] = ()


def fuse(spec: FusionSpec, results: Mapping[str, LegResult]) -> list[Fused]:
    """Fuse the legs' lists.

    Args:
        spec: technique and weights.
        results: leg to what it found; a leg of the spec that is missing here found nothing.

    Returns:
        Every item that any leg found, best first; equal scores in order of id, so that pages are stable.
    """
    normalised = [_NORMALISE[spec.normalisation](results.get(leg, _NOTHING), spec) for leg in spec.legs]
    ids = dict.fromkeys(id_ for leg in spec.legs for id_ in results.get(leg, _NOTHING).ids)
    if spec.normalisation == RRF:
        added = _weighted(ids, normalised, spec.weights)
    else:
        combine = _COMBINE[spec.combination]
        added = [combine([scores.get(id_) for scores in normalised], spec.weights) for id_ in ids]
    # Sorted before they are records: this is done for hundreds of items of every search.
    order = sorted((-sum(each), id_, each) for id_, each in zip(ids, added, strict=True))
    return [Fused(id_, -score, each) for score, id_, each in order]


def scaled(fused: Sequence[Fused], name: str, factors: Mapping[str, float]) -> list[Fused]:
    """The items with their scores multiplied, best first.

    Args:
        fused: items.
        name: of what scales them; it stands in their ``additions`` with the difference it made.
        factors: item id to a factor of 0 or more; an item that is missing here, or has 1, stays as it is.
    """
    changed = [_scaled(each, name, factors.get(each.id, 1.0)) for each in fused]
    changed.sort(key=lambda item: (-item.score, item.id))
    return changed


def _scaled(fused: Fused, name: str, factor: float) -> Fused:
    if factor == 1.0:
        return fused
    # A score below 0 goes the way that one above would.
    added = Addition(name, abs(fused.score) * (factor - 1.0))
    return replace(fused, score=fused.score + added.value, additions=(*fused.additions, added))


_NOTHING = LegResult((), ())


def _ranks(result: LegResult, spec: FusionSpec) -> Scores:
    return {id_: 1.0 / (spec.rank_constant + rank) for rank, id_ in enumerate(result.ids, start=1)}


def _min_max(result: LegResult, _: FusionSpec) -> Scores:
    low, high = min(result.scores, default=0.0), max(result.scores, default=0.0)
    if low == high:
        return dict.fromkeys(result.ids, 1.0)
    return {
        id_: (score - low) / (high - low) or _FLOOR
        for id_, score in zip(result.ids, result.scores, strict=True)
    }


def _l2(result: LegResult, _: FusionSpec) -> Scores:
    norm = math.hypot(*result.scores)
    return {id_: score / norm if norm else 0.0 for id_, score in zip(result.ids, result.scores, strict=True)}


def _z_score(result: LegResult, _: FusionSpec) -> Scores:
    if len(result.scores) < 2 or (deviation := statistics.stdev(result.scores)) == 0:
        # OpenSearch keeps the raw scores of a list that has no spread.
        return dict(zip(result.ids, result.scores, strict=True))
    mean = statistics.fmean(result.scores)
    return {
        id_: max((score - mean) / deviation, _FLOOR)
        for id_, score in zip(result.ids, result.scores, strict=True)
    }


# The means are homogeneous of degree 1, so by Euler's theorem a mean is the sum over its inputs of
# input x partial derivative: that product is a leg's contribution.
Contributions = tuple[float, ...]


def _weighted(
    ids: Iterable[str], normalised: Sequence[Scores], weights: Sequence[float]
) -> list[Contributions]:
    """Of each item the weighted scores, for a fusion that is their sum."""
    by_leg = [
        {id_: weight * score for id_, score in scores.items()}
        for scores, weight in zip(normalised, weights, strict=True)
    ]
    return list(zip(*([scores.get(id_, 0.0) for id_ in ids] for scores in by_leg), strict=True))


def _arithmetic(scores: Sequence[float | None], weights: Sequence[float]) -> Contributions:
    total = sum(weights)
    return tuple(w * s / total if s is not None else 0.0 for s, w in zip(scores, weights, strict=True))


def _geometric(scores: Sequence[float | None], weights: Sequence[float]) -> Contributions:
    present = [w if s is not None and s > 0 else 0.0 for s, w in zip(scores, weights, strict=True)]
    total = sum(present)
    if not total:
        return (0.0,) * len(present)
    logs = (w * math.log(s) for s, w in zip(scores, present, strict=True) if w and s)
    mean = math.exp(sum(logs) / total)
    return tuple(mean * w / total for w in present)


def _harmonic(scores: Sequence[float | None], weights: Sequence[float]) -> Contributions:
    parts = [w / s if s is not None and s > 0 else 0.0 for s, w in zip(scores, weights, strict=True)]
    inverse = sum(parts)
    if not inverse:
        return (0.0,) * len(parts)
    total = sum(w for w, part in zip(weights, parts, strict=True) if part)
    return tuple(total / inverse * part / inverse for part in parts)


_NORMALISE: Mapping[str, Callable[[LegResult, FusionSpec], Scores]] = {
    RRF: _ranks,
    MIN_MAX: _min_max,
    L2: _l2,
    Z_SCORE: _z_score,
}
_COMBINE: Mapping[str, Callable[[Sequence[float | None], Sequence[float]], Contributions]] = {
    ARITHMETIC: _arithmetic,
    GEOMETRIC: _geometric,
    HARMONIC: _harmonic,
}


def reweighted(spec: FusionSpec, results: Mapping[str, LegResult]) -> FusionSpec:
    """The fusion with weight 0 for legs that found nothing, and theirs spread over the others in proportion.

    Scores are then those of the other legs fused alone, so that a page's scores mean the same whether a leg
    was left out or came back empty. The order is that of the fusion as it stood: no technique looks at a leg
    for an item that it did not find.

    Args:
        spec: as asked.
        results: leg to what it found; a leg that is missing here found nothing.

    Returns:
        ``spec`` itself if every leg found something, or if all that found something have no weight.
    """
    weights = tuple(
        weight if leg in results and results[leg].ids else 0.0
        for leg, weight in zip(spec.legs, spec.weights, strict=True)
    )
    return spec if weights == spec.weights or not sum(weights) else replace(spec, weights=weights)


# Weights that depend on the query: a linear model of its features chooses among a few sets of weights.

_TOP = 10


def feature_names(legs: Sequence[str]) -> tuple[str, ...]:
    """Names of the features, in the order of `query_features`."""
    return (
        *("words", "characters", "digits"),
        *(f"{what} {leg}" for leg in legs for what in ("top", "gap")),
        *(f"overlap {first} {second}" for first, second in combinations(legs, 2)),
    )


def query_features(text: str, results: Mapping[str, LegResult], legs: Sequence[str]) -> list[float]:
    """The features of one query.

    ``words`` and ``characters`` are logarithms of counts, ``digits`` is the share of characters that are
    digits. Per leg, ``top`` is the logarithm of its best score (of BM25 it grows with the idf of the words
    that match) and ``gap`` how far its tenth score is below that, as a share. ``overlap`` is the share of
    the first ten that two legs have in common.

    Args:
        text: the query.
        results: leg to what it found, best first; a leg that is missing found nothing.
        legs: names, in the order of the fusion.

    Returns:
        Finite numbers, as many as `feature_names`.
    """
    found = [results.get(leg, _NOTHING) for leg in legs]
    tops = [set(result.ids[:_TOP]) for result in found]
    return [
        math.log1p(len(text.split())),
        math.log1p(len(text)),
        sum(character.isdigit() for character in text) / max(1, len(text)),
        *(value for result in found for value in _of_scores(result.scores)),
        *(len(first & second) / _TOP for first, second in combinations(tops, 2)),
    ]


def _of_scores(scores: Sequence[float]) -> tuple[float, float]:
    best = max(scores[0], 0.0) if scores else 0.0
    if not best:
        return 0.0, 0.0
    return math.log1p(best), (best - scores[min(_TOP, len(scores)) - 1]) / best


# In standard deviations: a feature further from the mean says no more than one at this distance.
FURTHEST: Final = 3.0


def for_query(spec: FusionSpec, text: str, results: Mapping[str, LegResult]) -> FusionSpec:
    """The fusion with the weights for this query; itself if its weights are fixed.

    Args:
        spec: as asked.
        text: the query.
        results: leg to what it found.
    """
    model = spec.query_weights
    if model is None:
        return spec
    # A model of other features is one of another Aisle: its fixed weights are still good.
    if model.features != feature_names(spec.legs):
        return replace(spec, query_weights=None)
    features = np.array([query_features(text, results, spec.legs)])
    choice = int(chosen_weights(model, features)[0])
    return replace(spec, weights=model.choices[choice], query_weights=None)


def chosen_weights(model: QueryWeights, features: NDArray[np.float64]) -> NDArray[np.int64]:
    """Place of each query's choice among ``model.choices``.

    Args:
        model: A choices over F features.
        features: [Q, F], see `query_features`.

    Returns:
        int64 [Q]; of equally good choices the first.
    """
    standard = np.clip((features - np.array(model.means)) / np.array(model.scales), -FURTHEST, FURTHEST)
    table = np.array(model.coefficients)
    gains: NDArray[np.float64] = table[:, 0] + standard @ table[:, 1:].T
    return np.asarray(gains.argmax(axis=1), dtype=np.int64)
