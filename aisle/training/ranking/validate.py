"""How good a way to train is on queries that nothing was learned or chosen from: nested cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisle.errors import InputError
from aisle.evaluation import paired_randomisation_test
from aisle.training.common.progress import Progress
from aisle.training.ranking.fit import fit
from aisle.training.ranking.settings import RankerSettings
from aisle.training.ranking.table import RankingTable

Floats = NDArray[np.float64]

DEPTH = 20
"""Ranks that count: nDCG@20."""


@dataclass(frozen=True, slots=True, eq=False)
class Validated:
    """What cross-validation found.

    Attributes:
        held_out: float64 [Q], nDCG@20 of each query by a ranker that was trained and chosen without it.
        fused: float64 [Q], that of the fusion.
        chosen: of each fold.
        means: of each way to train, over the inner validations.
    """

    held_out: Floats
    fused: Floats
    chosen: tuple[RankerSettings, ...]
    means: tuple[float, ...]

    @property
    def delta(self) -> float:
        """How much better the ranker is."""
        return float(self.held_out.mean() - self.fused.mean())

    @property
    def p_value(self) -> float:
        """Two-sided, by the paired randomisation test."""
        return paired_randomisation_test(self.held_out.tolist(), self.fused.tolist())


def validated(
    table: RankingTable, ways: Sequence[RankerSettings], folds: int, seed: int, progress: Progress
) -> Validated:
    """Measure the ways to train, the choice among them included.

    Of each fold's training queries a third is held out to choose the way; what it chose is trained on all of
    them and scores the fold.

    Args:
        table: of Q judged queries.
        ways: that may be chosen, one or more; of equally good ones the first.
        folds: 2 or more.
        seed: of the folds.
        progress: is told of each training.

    Raises:
        InputError: too few queries.
    """
    number = len(table.queries)
    if folds < 2 or number < 3 * folds:
        raise InputError(
            f"{number} judged queries cannot be split into {folds} folds",
            fix="judge more queries: three for each fold; or use fewer folds, 2 at least",
        )
    shuffled = np.random.default_rng(seed).permutation(number)
    fused = table.ndcg(table.fused(), DEPTH)
    held_out = np.zeros(number)
    chosen: list[RankerSettings] = []
    totals = np.zeros(len(ways))
    each = 1 + (len(ways) if len(ways) > 1 else 0)
    for at, fold in enumerate(np.array_split(shuffled, folds)):
        rest = np.setdiff1d(shuffled, fold, assume_unique=True)
        best = 0
        if len(ways) > 1:
            inner, outer = np.split(rest, [len(rest) // 3])
            means = np.zeros(len(ways))
            for place, way in enumerate(ways):
                means[place] = _values(table, way, outer, inner).mean()
                progress.step(at * each + place + 1, folds * each, None)
            totals += means
            best = int(np.argmax(means))
        chosen.append(ways[best])
        held_out[fold] = _values(table, ways[best], rest, fold)
        progress.step((at + 1) * each, folds * each, None)
    return Validated(held_out, fused, tuple(chosen), tuple((totals / folds).tolist()))


def _values(
    table: RankingTable, way: RankerSettings, train: NDArray[np.int64], test: NDArray[np.int64]
) -> Floats:
    """nDCG@20 of each test query."""
    model = fit(table.of_queries(np.sort(train)), way)
    tested = table.of_queries(test)
    return tested.ndcg(model.scores(tested.rows), DEPTH)
