"""Nested cross-validation: what choosing a fusion, guard and all, is worth on queries that it never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from aisle.mappings import FusionSpec
from aisle.search.tuning.grid import Scorer, first_step, neighbours
from aisle.search.tuning.guard import GuardOptions, LegVerdict, folds_of, guard, rest_of
from aisle.search.tuning.matrix import Floats, Ints
from aisle.search.tuning.runs import Progress, silent

# The best fusions of this many different techniques are refined, as the grid may miss the true order.
_STARTS: Final = 3
_HALVINGS: Final = 3
_MOVES: Final = 4


@dataclass(frozen=True, slots=True)
class Selection:
    """A fusion, and how it was chosen.

    Attributes:
        spec: the fusion.
        verdicts: of the guard.
        value: mean of the metric on the queries that it was chosen on: too good to be true.
    """

    spec: FusionSpec
    verdicts: tuple[LegVerdict, ...]
    value: float


def choose(scorer: Scorer, specs: Sequence[FusionSpec], queries: Ints, options: GuardOptions) -> Selection:
    """Choose on these queries alone.

    Args:
        scorer: of the metric.
        specs: the grid.
        queries: places in the scorer's pool.
        options: of the guard.
    """
    values = scorer.values(specs)[:, queries]
    verdicts = guard(specs, values, scorer.pool.legs, options)
    kept = {verdict.leg for verdict in verdicts if verdict.kept}
    means = values.mean(axis=1)
    order = [number for number in np.argsort(-means, kind="stable") if set(specs[number].legs) <= kept]
    starts: dict[tuple[object, ...], FusionSpec] = {}
    for number in order:
        spec = specs[number]
        starts.setdefault((spec.normalisation, spec.combination, spec.legs), spec)
        if len(starts) == _STARTS:
            break
    refined = [_refined(scorer, spec, queries) for spec in starts.values()]
    best, value = max(refined, key=lambda pair: pair[1])
    return Selection(best, verdicts, value)


def _refined(scorer: Scorer, spec: FusionSpec, queries: Ints) -> tuple[FusionSpec, float]:
    """Climb in steps that are halved; the whole grid is the first step."""
    best, value = spec, float(scorer.values([spec])[0, queries].mean())
    step, factor = first_step(len(scorer.pool.legs)), 2.0
    for _ in range(_HALVINGS):
        step, factor = step / 2, factor**0.5
        for _ in range(_MOVES):
            near = list(dict.fromkeys(neighbours(best, step, factor)))
            if not near:
                break
            means = scorer.values(near)[:, queries].mean(axis=1)
            if means.max() <= value:
                break
            best, value = near[int(means.argmax())], float(means.max())
    return best, value


@dataclass(frozen=True, slots=True)
class FoldWinner:
    """The fusion that was chosen without one fold, and what it scores on it.

    Attributes:
        spec: what was chosen on all other queries.
        queries: how many this fold has.
        chosen_on: mean of the metric on the queries that it was chosen on.
        held_out: mean on the fold itself.
    """

    spec: FusionSpec
    queries: int
    chosen_on: float
    held_out: float


@dataclass(frozen=True, slots=True)
class Nested:
    """The outcome of a nested cross-validation.

    Attributes:
        values: per query of the pool [Q], of the fusion that was chosen without it.
        winners: one per fold.
    """

    values: Floats
    winners: tuple[FoldWinner, ...]


def nested(
    scorer: Scorer,
    specs: Sequence[FusionSpec],
    options: GuardOptions,
    progress: Progress = silent,
) -> Nested:
    """Choose anew without each fold, and score what was chosen on it.

    Args:
        scorer: of the metric.
        specs: the grid.
        options: of the guard; its folds and seed are those of the outer and the inner split.
        progress: told of the folds.

    Raises:
        InputError: too few queries.
    """
    number = len(scorer.pool.queries)
    folds = folds_of(number, options.folds, options.seed)
    values = np.empty(number)
    winners = []
    for done, fold in enumerate(folds, 1):
        chosen = choose(scorer, specs, rest_of(number, fold), options)
        values[fold] = scorer.values([chosen.spec])[0, fold]
        winners.append(FoldWinner(chosen.spec, len(fold), chosen.value, float(values[fold].mean())))
        progress("folds", done, len(folds))
    return Nested(values, tuple(winners))
