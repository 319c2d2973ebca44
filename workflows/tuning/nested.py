"""Nested cross-validation: what choosing a fusion, guard and all, is worth on queries that it never saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mappings import FusionSpec
from workflows.tuning.choose import choose
from workflows.tuning.cross_validation import folds_of, rest_of
from workflows.tuning.guard import GuardOptions
from workflows.tuning.pool import Floats
from workflows.tuning.scorer import Scorer


@dataclass(frozen=True, slots=True)
class FoldWinner:
    """Attributes:
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
    """Attributes:
    values: per query of the pool [Q], of the fusion that was chosen without it.
    winners: one per fold.
    """

    values: Floats
    winners: tuple[FoldWinner, ...]


def nested(
    scorer: Scorer,
    specs: Sequence[FusionSpec],
    options: GuardOptions,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Nested:
    """Choose anew without each fold, and score what was chosen on it.

    Args:
        scorer: of the metric.
        specs: the grid.
        options: number and seed of the folds, inner as outer; see there.
        progress: called with (folds done, folds in all).

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
        progress(done, len(folds))
    return Nested(values, tuple(winners))
