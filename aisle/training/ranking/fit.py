"""Rows and grades to a model: LambdaMART by LightGBM (extra ``train``), or a linear model by pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from aisle._environment import optional
from aisle.search.rank.features import FEATURES
from aisle.search.rank.linear import Linear
from aisle.search.rank.ranker import RankModel
from aisle.search.rank.trees import Trees
from aisle.training.ranking.settings import ModelKind, RankerSettings, Unjudged
from aisle.training.ranking.table import RankingTable

Floats = NDArray[np.float64]

SIGNS: Final = tuple(feature.sign for feature in FEATURES)
_GRADES: Final = 31
"""Labels that LightGBM tells apart."""


def fit(table: RankingTable, settings: RankerSettings) -> RankModel:
    """Train on all queries of a table.

    Args:
        table: of judged queries.
        settings: how.

    Raises:
        MissingExtra: lightgbm is not installed, which trees need.
    """
    taught = _taught(table, settings)
    return fit_trees(taught, settings) if settings.kind is ModelKind.TREES else fit_linear(taught, settings)


def _taught(table: RankingTable, settings: RankerSettings) -> RankingTable:
    """The rows that teach, all with grades: see `Unjudged`."""
    judged = np.isfinite(table.grades)
    kept = np.ones(len(judged), dtype=np.bool_)
    if settings.unjudged is Unjudged.LEFT_OUT:
        kept = judged
    elif settings.unjudged is Unjudged.SAMPLED:
        drawn = np.where(judged, -1.0, np.random.default_rng(settings.seed).random(len(judged)))
        owners = np.repeat(np.arange(len(table.queries)), table.sizes)
        order = np.lexsort((drawn, owners))
        places = np.empty(len(order), dtype=np.int64)
        places[order] = np.arange(len(order)) - table.bounds[owners]
        unjudged_before = np.bincount(owners, weights=judged, minlength=len(table.queries))
        kept = places < unjudged_before[owners] + settings.sampled
    sizes = np.add.reduceat(kept.astype(np.int64), table.bounds[:-1])
    return RankingTable(
        table.queries,
        np.concatenate([[0], np.cumsum(sizes)]),
        table.rows[kept],
        np.nan_to_num(table.grades[kept]),
        table.judged,
    )


def fit_trees(table: RankingTable, settings: RankerSettings) -> Trees:
    """LambdaMART over rows that all have grades."""
    return trees_of(booster(table, settings).dump_model())


def booster(table: RankingTable, settings: RankerSettings) -> Any:
    """The library's own model, a ``lightgbm.Booster``; the same seed gives the same one on one machine."""
    lightgbm = optional("lightgbm", extra="train")
    # Whole labels, whose gains are those of the grades that they stand for.
    grades = np.unique(table.grades)
    if len(grades) > _GRADES:
        grades = np.linspace(grades[0], grades[-1], _GRADES)
    labels = np.abs(table.grades[:, None] - grades[None, :]).argmin(axis=1)
    some = table.sizes > 0
    data = lightgbm.Dataset(table.rows, label=labels, group=table.sizes[some], free_raw_data=True)
    asked: dict[str, Any] = {
        "objective": "lambdarank",
        "label_gain": [float(2.0**grade - 1) for grade in grades],
        "lambdarank_truncation_level": settings.depth,
        "num_leaves": settings.leaves,
        "learning_rate": settings.rate,
        "min_data_in_leaf": settings.least_in_leaf,
        "feature_fraction": settings.share,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    if settings.monotone:
        asked |= {"monotone_constraints": list(SIGNS), "monotone_constraints_method": "intermediate"}
    return lightgbm.train(asked, data, num_boost_round=settings.trees)


def trees_of(dumped: Mapping[str, Any]) -> Trees:
    """The arrays of what ``Booster.dump_model`` says."""
    held: dict[str, list[Any]] = {name: [] for name in ("features", "thresholds", "missing_left")}
    held |= {name: [] for name in ("left", "right", "split_values", "leaf_values")}
    roots = [_planted(tree["tree_structure"], held)[0] for tree in dumped["tree_info"]]
    whole = {name: np.array(held[name], dtype=np.int64) for name in ("features", "left", "right")}
    real = {
        name: np.array(held[name], dtype=np.float64) for name in ("thresholds", "split_values", "leaf_values")
    }
    arrays: dict[str, NDArray[Any]] = {
        "roots": np.array(roots, dtype=np.int64),
        "missing_left": np.array(held["missing_left"], dtype=np.bool_),
        **whole,
        **real,
    }
    return Trees.of_arrays(arrays)


def _planted(node: Mapping[str, Any], held: dict[str, list[Any]]) -> tuple[int, float, float]:
    """Add a node and all below; its number, its mean score and how many candidates it had."""
    if "split_feature" not in node:
        held["leaf_values"].append(float(node["leaf_value"]))
        return -len(held["leaf_values"]), float(node["leaf_value"]), float(node.get("leaf_count", 1))
    number = len(held["features"])
    threshold = float(node["threshold"])
    # A feature that was never missing in training counts as 0 where it is missing later.
    known = node["missing_type"] == "None"
    held["features"].append(int(node["split_feature"]))
    held["thresholds"].append(threshold)
    held["missing_left"].append(threshold >= 0.0 if known else bool(node["default_left"]))
    for name in ("left", "right", "split_values"):
        held[name].append(0)
    left, left_mean, left_count = _planted(node["left_child"], held)
    right, right_mean, right_count = _planted(node["right_child"], held)
    count = left_count + right_count
    mean = (left_mean * left_count + right_mean * right_count) / count
    held["left"][number], held["right"][number], held["split_values"][number] = left, right, mean
    return number, mean, count


def fit_linear(table: RankingTable, settings: RankerSettings) -> Linear:
    """Weights by which the better of two candidates of a query has the higher score.

    RankNet's loss (Burges et al. 2005) of a linear model, each pair worth the difference of its gains, with a
    ridge penalty.

    Args:
        table: rows that all have grades.
        settings: of the penalty, signs and draws.
    """
    means = np.nan_to_num(np.nanmean(np.where(np.isnan(table.rows).all(axis=0), 0.0, table.rows), axis=0))
    spread = np.nan_to_num(np.nanstd(np.where(np.isnan(table.rows).all(axis=0), 0.0, table.rows), axis=0))
    scales = np.where(spread > 1e-9, spread, 1.0)
    scaled = np.nan_to_num((table.rows - means) / scales)
    better, worse, worth = _pairs(table, settings)
    differences = scaled[better] - scaled[worse]
    worth = worth / worth.sum() if len(worth) else worth
    ridge = settings.penalty / max(1, len(table.queries))

    def loss(weights: Floats) -> tuple[float, Floats]:
        margins = differences @ weights
        slope = -worth / (1.0 + np.exp(margins))
        value = float(worth @ np.logaddexp(0.0, -margins)) + ridge * float(weights @ weights) / 2
        return value, differences.T @ slope + ridge * weights

    bounds = [
        (0 if sign > 0 and settings.monotone else None, 0 if sign < 0 and settings.monotone else None)
        for sign in SIGNS
    ]
    found = minimize(loss, np.zeros(len(means)), jac=True, method="L-BFGS-B", bounds=bounds)
    return Linear(np.asarray(found.x, dtype=np.float64), means, scales)


_PAIRS: Final = 200
"""Of one query that a linear model learns from."""


def _pairs(
    table: RankingTable, settings: RankerSettings
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Rows of the better and the worse of pairs, and the difference of their gains."""
    draw = np.random.default_rng(settings.seed)
    better: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
    worse = [np.zeros(0, dtype=np.int64)]
    for first, last in zip(table.bounds[:-1].tolist(), table.bounds[1:].tolist(), strict=True):
        grades = table.grades[first:last]
        high, low = np.nonzero(grades[:, None] > grades[None, :])
        if len(high) > _PAIRS:
            some = draw.choice(len(high), _PAIRS, replace=False)
            high, low = high[some], low[some]
        better.append(first + high)
        worse.append(first + low)
    above, below = np.concatenate(better), np.concatenate(worse)
    return above, below, np.exp2(table.grades[above]) - np.exp2(table.grades[below])
