"""Applies weights that depend on the query. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mappings import FusionSpec
from mappings.query_weights import QueryWeights
from search.fusion import LegResult
from search.query_features import feature_names, query_features

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
        features: [Q, F], see ``search.query_features``.

    Returns:
        int64 [Q]; of equally good choices the first.
    """
    standard = np.clip((features - np.array(model.means)) / np.array(model.scales), -FURTHEST, FURTHEST)
    table = np.array(model.coefficients)
    gains: NDArray[np.float64] = table[:, 0] + standard @ table[:, 1:].T
    return np.asarray(gains.argmax(axis=1), dtype=np.int64)
