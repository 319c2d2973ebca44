"""Weights per query: learnt by ridge regression, and what they are worth on queries that they never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Final

import numpy as np

from aisle.encoder import query_text
from aisle.evaluation import JudgedSet, paired_randomisation_test
from aisle.mappings import FusionSpec
from aisle.mappings.fusion import QueryWeights
from aisle.search.fusion import FURTHEST, LegResult, chosen_weights, feature_names, query_features
from aisle.search.tuning.grid import Scorer
from aisle.search.tuning.guard import GuardOptions, folds_of, rest_of
from aisle.search.tuning.matrix import Floats, Ints
from aisle.search.tuning.nested import Nested
from aisle.search.tuning.runs import LegRuns

# What is stored of every number.
_DIGITS: Final = 6


def fit(choices: Sequence[FusionSpec], values: Floats, features: Floats, penalty: float) -> QueryWeights:
    """Ridge regression of each choice's gain over the first, in closed form (Hoerl and Kennard 1970).

    Args:
        choices: A fusions that differ in their weights alone.
        values: metric of each on each query, [A, Q].
        features: [Q, F], see ``aisle.search.fusion``.
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


# Weight that a choice moves from one leg to another, and what every leg keeps at least.
_MOVES: Final = (0.1, 0.2, 0.35)
_LEAST: Final = 0.02
# Per query of training: the more, the closer to the fixed weights.
_PENALTIES: Final = (0.01, 0.1, 1.0, 10.0, 100.0)


@dataclass(frozen=True, slots=True)
class PerQuery:
    """Whether weights per query were worth keeping.

    Attributes:
        kept: whether weights per query are used.
        delta: what they add to the mean of the metric on held-out queries.
        p_value: of that, paired randomisation test.
    """

    kept: bool
    delta: float
    p_value: float


@dataclass(frozen=True, slots=True)
class PoolFeatures:
    """The queries of a pool, to be described for any of the legs.

    Attributes:
        runs: of the legs.
        judged: has the queries' texts.
        queries: ids, in the order of the pool.
    """

    runs: LegRuns
    judged: JudgedSet
    queries: Sequence[str]

    def of(self, legs: Sequence[str]) -> Floats:
        """float64 [len(queries), F], see `aisle.search.fusion.query_features`; legs in a fusion's order."""
        texts = {query.id: query_text(query.text) for query in self.judged.queries}
        rows = []
        for query in self.queries:
            scores = {leg: self.runs.runs[leg].rankings.get(query, {}) for leg in legs}
            results = {leg: LegResult(list(found), list(found.values())) for leg, found in scores.items()}
            rows.append(query_features(texts[query], results, legs))
        return np.array(rows)


def try_per_query(
    scorer: Scorer, spec: FusionSpec, fixed: Nested, features: PoolFeatures, options: GuardOptions
) -> tuple[FusionSpec, PerQuery, Floats]:
    """Keep weights per query only if they beat the fixed ones by more than chance.

    Args:
        scorer: of the metric.
        spec: chosen on all queries.
        fixed: the nested cross-validation of fixed weights.
        features: of the scorer's pool.
        options: as those of ``fixed``.

    Returns:
        The fusion, with or without weights per query; the verdict; and the metric on each held-out query [Q].
    """
    values = held_out_values(scorer, [winner.spec for winner in fixed.winners], features, options)
    delta = float(np.mean(values - fixed.values))
    p = paired_randomisation_test(values.tolist(), fixed.values.tolist())
    kept = delta > 0 and p < options.p and len(spec.legs) > 1
    if not kept:
        return spec, PerQuery(False, delta, p), fixed.values
    model = learn(scorer, spec, features.of(spec.legs), np.arange(len(values)), options)
    return replace(spec, query_weights=model), PerQuery(True, delta, p), values


def choices_of(spec: FusionSpec) -> tuple[FusionSpec, ...]:
    """The fusion itself, then the same with weight moved between two legs."""
    found = [spec]
    for giver, taker in permutations(range(len(spec.legs)), 2):
        for move in _MOVES:
            if spec.weights[giver] - move >= _LEAST:
                weights = list(spec.weights)
                weights[giver] -= move
                weights[taker] += move
                found.append(replace(spec, weights=tuple(round(weight, 6) for weight in weights)))
    return tuple(found)


def learn(
    scorer: Scorer, spec: FusionSpec, features: Floats, queries: Ints, options: GuardOptions
) -> QueryWeights:
    """Learn on these queries alone; the strength of the penalty is chosen by cross-validation among them.

    Args:
        scorer: of the metric.
        spec: the fusion with fixed weights, of two legs or more.
        features: [Q, F], of the scorer's pool and the legs of ``spec``.
        queries: places in the pool.
        options: folds and their seed.
    """
    choices = choices_of(spec)
    values = scorer.values(choices)[:, queries]
    seen = features[queries]
    folds = folds_of(len(queries), options.folds, options.seed)

    def worth(penalty: float) -> float:
        total = 0.0
        for fold in folds:
            rest = rest_of(len(queries), fold)
            model = fit(choices, values[:, rest], seen[rest], penalty)
            total += float(values[chosen_weights(model, seen[fold]), fold].sum())
        return total

    # The strongest wins a draw: it is the nearest to fixed weights.
    best = max(reversed(_PENALTIES), key=worth)
    return fit(choices, values, seen, best)


def held_out_values(
    scorer: Scorer,
    winners: Sequence[FusionSpec],
    features: PoolFeatures,
    options: GuardOptions,
) -> Floats:
    """What weights per query score on each outer fold when both they and the fusion never saw it.

    Args:
        scorer: of the metric.
        winners: the fusion that was chosen without each outer fold, see ``nested``.
        features: of the scorer's pool.
        options: as those of ``nested``.

    Returns:
        float64 [Q].
    """
    number = len(scorer.pool.queries)
    values = np.empty(number)
    for fold, spec in zip(folds_of(number, options.folds, options.seed), winners, strict=True):
        if len(spec.legs) == 1:
            values[fold] = scorer.values([spec])[0, fold]
            continue
        seen = features.of(spec.legs)
        model = learn(scorer, spec, seen, rest_of(number, fold), options)
        table = scorer.values(choices_of(spec))
        values[fold] = table[chosen_weights(model, seen[fold]), fold]
    return values
