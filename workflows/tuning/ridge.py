"""Learns what each choice of weights gains on a query, from the query's features. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from mappings import FusionSpec
from mappings.query_weights import QueryWeights
from search.query_features import feature_names
from search.query_weights import FURTHEST
from workflows.tuning.pool import Floats

# What is stored of every number.
_DIGITS: Final = 6


def fit(choices: Sequence[FusionSpec], values: Floats, features: Floats, penalty: float) -> QueryWeights:
    """Ridge regression of each choice's gain over the first, in closed form (Hoerl and Kennard 1970).

    Args:
        choices: A fusions that differ in their weights alone.
        values: metric of each on each query, [A, Q].
        features: [Q, F], see ``search.query_features``.
        penalty: per query; the more, the closer to always taking the first.
    """
    gains = (values - values[0]).T
    means, scales = features.mean(axis=0), features.std(axis=0)
    scales = np.where(scales > 1e-9, scales, 1.0)
    standard = np.clip((features - means) / scales, -FURTHEST, FURTHEST)
    centre = standard.mean(axis=0)
    away = standard - centre
    inner = away.T @ away + penalty * len(features) * np.eye(features.shape[1])
    slopes = np.linalg.solve(inner, away.T @ (gains - gains.mean(axis=0))).T
    # The mean gain is shrunk as well: a choice must earn its place.
    start = gains.mean(axis=0) / (1.0 + penalty) - slopes @ centre
    table = np.round(np.column_stack([start, slopes]), _DIGITS)
    table[0] = 0.0
    return QueryWeights(
        feature_names(choices[0].legs),
        tuple(choice.weights for choice in choices),
        tuple(np.round(means, _DIGITS).tolist()),
        tuple(np.maximum(np.round(scales, _DIGITS), 10.0**-_DIGITS).tolist()),
        tuple(map(tuple, table.tolist())),
    )
