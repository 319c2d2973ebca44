"""Weights of business signals from saved runs: a signal counts only if it helps by more than chance would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from aisle.evaluation import paired_randomisation_test
from aisle.mappings import FusionSpec
from aisle.mappings.signals import SignalBoosts
from aisle.search.tuning.grid import Scorer, ranks_of
from aisle.search.tuning.guard import PERMUTATIONS, GuardOptions, cross_validated, folds_of
from aisle.search.tuning.matrix import Block, Floats, Ints, JudgedRanks, candidates_of
from aisle.search.tuning.runs import LegRuns

WEIGHTS: Final = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True, slots=True)
class SignalVerdict:
    """What the guard found about one signal.

    Attributes:
        signal: name.
        weight: in the boosts; 0 for a signal that does not count.
        delta: what it adds to the cross-validated metric beside the signals that count.
        p_value: of ``delta``, by a paired randomisation test.
    """

    signal: str
    weight: float
    delta: float
    p_value: float


class BoostedScorer:
    """A metric of one fusion with any boosts, on the queries of a pool.

    Args:
        scorer: of the pool and the metric.
        spec: the fusion, by its fixed weights.
        runs: with the signals of their candidates.
    """

    def __init__(self, scorer: Scorer, spec: FusionSpec, runs: LegRuns) -> None:
        self._scorer = scorer
        pool = scorer.pool
        self._fused = Block(pool.legs, pool.scores, pool.ranks).fused(spec)
        self._signals = {name: np.zeros(self._fused.shape) for name in runs.signals}
        for row, query in enumerate(pool.queries):
            for column, item in enumerate(candidates_of(runs, query)):
                for name, values in runs.signals.items():
                    self._signals[name][row, column] = values.get(item, 0.0)

    def values(self, weights: Mapping[str, float]) -> Floats:
        """The metric with these weights of signals, float64 [Q]."""
        scores = self._fused.copy()
        # A candidate that no leg found stays behind all others.
        found = np.isfinite(scores)
        for name, weight in weights.items():
            scores[found] *= 1 + weight * self._signals[name][found]
        pool = self._scorer.pool
        ranks = ranks_of(scores, pool.rows, pool.columns)
        kept = ranks > 0
        judged = JudgedRanks(
            pool.rows[kept], ranks[kept], pool.found_grades[kept], pool.grades, self._scorer.relevant
        )
        return self._scorer.metric.values(judged)


def tune_signals(
    scorer: Scorer, spec: FusionSpec, runs: LegRuns, options: GuardOptions
) -> tuple[SignalBoosts | None, tuple[SignalVerdict, ...]]:
    """Add the signal that helps most, and again, while one helps.

    Args:
        scorer: of the pool and the metric.
        spec: the fusion that was chosen.
        runs: of the legs.
        options: folds, and how sure to be.

    Returns:
        The boosts, None if no signal helps, and a verdict per signal.
    """
    boosted = BoostedScorer(scorer, spec, runs)
    folds = folds_of(len(scorer.pool.queries), options.folds, options.seed)
    weights: dict[str, float] = {}
    verdicts: dict[str, SignalVerdict] = {}
    left = list(runs.signals)
    while left:
        now = boosted.values(weights)
        trials = [(_trial(boosted, weights, name, now, folds, options), name) for name in left]
        for verdict, name in trials:
            verdicts[name] = verdict
        helping = [verdict for verdict, _ in trials if verdict.weight]
        if not helping:
            break
        best = max(helping, key=lambda verdict: verdict.delta)
        weights[best.signal] = best.weight
        left.remove(best.signal)
        # Those that were not taken are asked again beside it.
    verdicts |= {name: replace(verdicts[name], weight=0.0) for name in left}
    boosts = SignalBoosts(weights) if weights else None
    return boosts, tuple(verdicts[name] for name in runs.signals)


def _trial(
    boosted: BoostedScorer,
    weights: Mapping[str, float],
    name: str,
    now: Floats,
    folds: list[Ints],
    options: GuardOptions,
) -> SignalVerdict:
    values = np.stack([now, *(boosted.values({**weights, name: weight}) for weight in WEIGHTS)])
    held_out = cross_validated(values, folds)
    delta = float(np.mean(held_out - now))
    p = paired_randomisation_test(held_out.tolist(), now.tolist(), permutations=PERMUTATIONS)
    chosen = (0.0, *WEIGHTS)[int(np.argmax(values.sum(axis=1)))]
    return SignalVerdict(name, chosen if delta > 0 and p < options.p else 0.0, delta, p)
