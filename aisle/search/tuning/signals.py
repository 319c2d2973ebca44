"""Weights of business signals from saved runs: a signal counts only if it helps by more than chance would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from aisle.evaluation import paired_randomisation_test
from aisle.mappings import FusionSpec
from aisle.mappings.signals import SignalBoosts
from aisle.search.tuning.grid import Scorer
from aisle.search.tuning.guard import PERMUTATIONS, GuardOptions, cross_validated, folds_of, rest_of
from aisle.search.tuning.matrix import Block, Floats, Ints, Pool, candidates_of
from aisle.search.tuning.nested import Nested
from aisle.search.tuning.runs import LegRuns

WEIGHTS: Final = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True, slots=True)
class SignalVerdict:
    """What the guard found about one signal.

    Attributes:
        signal: name.
        weight: that it was given; 0 for a signal that does not count.
        delta: what it adds to the cross-validated metric beside the signals that count.
        p_value: of ``delta``, by a paired randomisation test.
    """

    signal: str
    weight: float
    delta: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Signals:
    """Whether business signals were worth keeping beside a fusion.

    Attributes:
        boosts: those that count; None: none does.
        verdicts: one per signal, chosen on all queries.
        delta: what the choice of signals, guard and all, adds on queries that it never saw; 0 if none was
            chosen.
        p_value: of ``delta``, by a paired randomisation test.
    """

    boosts: SignalBoosts | None
    verdicts: tuple[SignalVerdict, ...]
    delta: float
    p_value: float


def signal_table(pool: Pool, runs: LegRuns) -> dict[str, Floats]:
    """Signal to its values, float64 [Q, U], laid out as the candidates of a pool; 0 as padding.

    Args:
        pool: of the runs.
        runs: with the signals of their candidates.
    """
    table = {name: np.zeros((len(pool.queries), pool.scores.shape[2])) for name in runs.signals}
    for row, query in enumerate(pool.queries):
        for column, item in enumerate(candidates_of(runs, query)):
            for name, values in runs.signals.items():
                table[name][row, column] = values.get(item, 0.0)
    return table


class BoostedScorer:
    """A metric of one fusion with any weights of signals, on the queries of a pool.

    Args:
        scorer: of the pool and the metric.
        spec: the fusion, by its fixed weights.
        table: see `signal_table`.
    """

    def __init__(self, scorer: Scorer, spec: FusionSpec, table: Mapping[str, Floats]) -> None:
        self._scorer = scorer
        pool = scorer.pool
        self._fused = Block(pool.legs, pool.scores, pool.ranks).fused(spec)
        self._table = table
        self._known: dict[tuple[tuple[str, float], ...], Floats] = {}

    @property
    def signals(self) -> tuple[str, ...]:
        """Names."""
        return tuple(self._table)

    def values(self, weights: Mapping[str, float]) -> Floats:
        """The metric with these weights, float64 [Q]."""
        key = tuple(weights.items())
        if key not in self._known:
            scores = self._fused.copy()
            # A candidate that no leg found stays behind all others.
            found = np.isfinite(scores)
            for name, weight in key:
                scores[found] += np.abs(scores[found]) * (weight * self._table[name][found])
            self._known[key] = self._scorer.of_scores(scores)
        return self._known[key]


def try_signals(
    scorer: Scorer, spec: FusionSpec, fixed: Nested, runs: LegRuns, options: GuardOptions
) -> tuple[Signals, Floats]:
    """Keep signals only if choosing them beats the fusion alone on queries that the choice never saw.

    Args:
        scorer: of the metric.
        spec: the fusion that was chosen on all queries.
        fixed: the nested cross-validation of the fusion alone.
        runs: with signals.
        options: as those of ``fixed``.

    Returns:
        The verdict, and the metric on each held-out query [Q] with the signals that are kept.
    """
    table = signal_table(scorer.pool, runs)
    number = len(scorer.pool.queries)
    weights, verdicts = choose_signals(BoostedScorer(scorer, spec, table), np.arange(number), options)
    if not weights:
        return Signals(None, verdicts, 0.0, 1.0), fixed.values
    boosted = {each: BoostedScorer(scorer, each, table) for each in {won.spec for won in fixed.winners}}
    values = np.empty(number)
    folds = folds_of(number, options.folds, options.seed)
    for fold, winner in zip(folds, fixed.winners, strict=True):
        blind, _ = choose_signals(boosted[winner.spec], rest_of(number, fold), options)
        values[fold] = boosted[winner.spec].values(blind)[fold]
    delta, p = _gain(values, fixed.values)
    if not (delta > 0 and p < options.p):
        none = tuple(replace(verdict, weight=0.0) for verdict in verdicts)
        return Signals(None, none, delta, p), fixed.values
    return Signals(replace(runs.boosts, weights=weights), verdicts, delta, p), values


def choose_signals(
    boosted: BoostedScorer, queries: Ints, options: GuardOptions
) -> tuple[dict[str, float], tuple[SignalVerdict, ...]]:
    """Add the signal that helps most, and again, while one helps; on these queries alone.

    So many signals are tried that chance favours one of them more often than a p-value says, which is
    therefore multiplied by their number (Bonferroni), as they are left.

    Args:
        boosted: the metric of the fusion.
        queries: places in the pool.
        options: folds, and how sure to be.

    Returns:
        Signal to weight, and a verdict per signal.
    """
    folds = folds_of(len(queries), options.folds, options.seed)
    weights: dict[str, float] = {}
    verdicts: dict[str, SignalVerdict] = {}
    left = list(boosted.signals)
    while left:
        trials = [_trial(boosted, weights, name, queries, folds) for name in left]
        verdicts |= {trial.signal: trial for trial in trials}
        sure = options.p / len(left)
        helping = [trial for trial in trials if trial.weight and trial.delta > 0 and trial.p_value < sure]
        if not helping:
            break
        best = max(helping, key=lambda trial: trial.delta)
        weights[best.signal] = best.weight
        left.remove(best.signal)
        # Those that were not taken are asked again beside it.
    verdicts |= {name: replace(verdicts[name], weight=0.0) for name in left}
    return weights, tuple(verdicts[name] for name in boosted.signals)


def _trial(
    boosted: BoostedScorer, weights: Mapping[str, float], name: str, queries: Ints, folds: list[Ints]
) -> SignalVerdict:
    # Of equally good weights the lowest is taken, so one that moves nothing is none.
    tried = [weights, *({**weights, name: weight} for weight in WEIGHTS)]
    values = np.stack([boosted.values(each)[queries] for each in tried])
    delta, p = _gain(cross_validated(values, folds), values[0])
    return SignalVerdict(name, (0.0, *WEIGHTS)[int(np.argmax(values.sum(axis=1)))], delta, p)


def _gain(values: Floats, over: Floats) -> tuple[float, float]:
    p = paired_randomisation_test(values.tolist(), over.tolist(), permutations=PERMUTATIONS)
    return float(np.mean(values - over)), p
