"""Applies weights that depend on the query. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.mappings import FusionSpec
from aisle.mappings.fusion import QueryWeights
from aisle.search.fusion import LegResult

_TOP = 10
_NOTHING = LegResult((), ())


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
        features: [Q, F], see ``aisle.search.query_weights``.

    Returns:
        int64 [Q]; of equally good choices the first.
    """
    standard = np.clip((features - np.array(model.means)) / np.array(model.scales), -FURTHEST, FURTHEST)
    table = np.array(model.coefficients)
    gains: NDArray[np.float64] = table[:, 0] + standard @ table[:, 1:].T
    return np.asarray(gains.argmax(axis=1), dtype=np.int64)
