"""From saved runs of the legs to the fusion that serves them best, and an honest figure for it. No node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aisle.errors import InputError
from aisle.evaluation import MIN_RELEVANT, Comparison, JudgedSet, Scores, compare
from aisle.mappings import FusionSpec
from aisle.mappings.signals import SignalBoosts
from aisle.search.tuning.grid import Scorer, grid
from aisle.search.tuning.guard import GuardOptions, LegVerdict
from aisle.search.tuning.matrix import Floats, metric_of, pool_of
from aisle.search.tuning.nested import FoldWinner, choose, nested
from aisle.search.tuning.per_query import PerQuery, PoolFeatures, try_per_query
from aisle.search.tuning.profiles import ProfilePoint, weight_profiles
from aisle.search.tuning.runs import LegRuns, Progress, check_kinship, silent
from aisle.search.tuning.signals import BoostedScorer, Signals, signal_table, try_signals


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """What a fusion is tuned for, and how carefully.

    Attributes:
        metric: what is made as large as can be, see `aisle.search.tuning.matrix.metric_of`.
        relevant: lowest grade that counts as relevant.
        folds: of the cross-validation, outer and inner, 2 to 50.
        seed: of the folds.
        guard_p: see ``GuardOptions.p``, above 0 and up to 1.
        per_query: whether weights per query are tried.

    Raises:
        InputError: a number that means nothing.
    """

    metric: str = "nDCG@10"
    relevant: float = 2
    folds: int = 5
    seed: int = 0
    guard_p: float = 0.05
    per_query: bool = False

    def __post_init__(self) -> None:
        if (
            not 2 <= self.folds <= 50
            or not 0 < self.guard_p <= 1
            or self.relevant < MIN_RELEVANT
            or self.seed < 0
        ):
            raise InputError(
                f"{self.folds} folds, seed {self.seed}, a guard at p = {self.guard_p} and relevant ="
                f" {self.relevant:g} cannot be",
                fix=f"use 2 to 50 folds, a seed of 0 or more, p above 0 and up to 1, relevant"
                f" {MIN_RELEVANT} or more",
            )

    @property
    def guard(self) -> GuardOptions:
        """Options of the guard and of both cross-validations."""
        return GuardOptions(self.guard_p, self.folds, self.seed)


TUNED = "tuned"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Tuned:
    """The winner and how good it is.

    Attributes:
        spec: chosen on all queries.
        options: what was asked.
        queries: how many judged queries have a relevant item.
        fusions: how many fusions were tried.
        means: system to mean of the metric: each leg alone, ``default`` (what the index uses today), and
            ``tuned``, which is the honest figure of the nested cross-validation.
        chosen_on: mean of ``spec``, with fixed weights, on the very queries it was chosen on.
        comparisons: ``tuned`` against the best single leg and against ``default``.
        verdicts: of the guard, on all queries.
        winners: per outer fold.
        per_query: whether weights per query are part of ``spec``, and why; None if they were not tried.
        profiles: leg to what its weight does, see `weight_profiles`.
        signals: whether business signals count beside it, and why; None if they were not tried: the runs have
            none, or weights vary with the query.
    """

    spec: FusionSpec
    options: TuneOptions
    queries: int
    fusions: int
    means: Mapping[str, float]
    chosen_on: float
    comparisons: tuple[Comparison, ...]
    verdicts: tuple[LegVerdict, ...]
    winners: tuple[FoldWinner, ...]
    per_query: PerQuery | None
    signals: Signals | None
    profiles: Mapping[str, tuple[ProfilePoint, ...]]

    @property
    def boosts(self) -> SignalBoosts | None:
        """Business signals that count beside ``spec``; None: none."""
        return self.signals.boosts if self.signals else None

    @property
    def helps(self) -> bool:
        """Whether the honest figure is above that of ``default`` by more than chance."""
        (against,) = (found for found in self.comparisons if found.baseline == DEFAULT)
        return against.delta > 0 and against.p_value < self.options.guard_p


def tune(
    runs: LegRuns,
    judged: JudgedSet,
    options: TuneOptions,
    progress: Progress = silent,
) -> Tuned:
    """Try every fusion of the legs.

    Args:
        runs: of the legs.
        judged: the queries and judgments that the runs were made for.
        options: metric, folds and guard.
        progress: told of what is being done.

    Raises:
        EvaluationError: the runs are of other data, or the metric cannot be tuned for.
        InputError: too few queries.
    """
    metric = metric_of(options.metric)
    check_kinship(runs, judged)
    pool = pool_of(runs, judged.qrels, options.relevant)
    scorer = Scorer(pool, metric, options.relevant)
    specs = grid(runs.legs)
    scorer.values(specs, progress)
    held_out = nested(scorer, specs, options.guard, progress)
    alone = {leg: scorer.values([FusionSpec((leg,), (1.0,))])[0] for leg in runs.legs}
    best_leg = max(alone, key=lambda leg: float(alone[leg].mean()))
    systems = {**alone, DEFAULT: _today(scorer, runs), TUNED: held_out.values}
    chosen = choose(scorer, specs, np.arange(len(pool.queries)), options.guard)
    spec, per_query = chosen.spec, None
    if options.per_query:
        features = PoolFeatures(runs, judged, pool.queries)
        spec, per_query, systems[TUNED] = try_per_query(
            scorer, chosen.spec, held_out, features, options.guard
        )
    signals = None
    if runs.signals and spec.query_weights is None:
        signals, systems[TUNED] = try_signals(scorer, spec, held_out, runs, options.guard)
    scores = {name: _scores(name, pool.queries, values, metric.name) for name, values in systems.items()}
    return Tuned(
        spec=spec,
        options=options,
        queries=len(pool.queries),
        fusions=scorer.fusions,
        means={name: score.mean(metric.name) for name, score in scores.items()},
        chosen_on=chosen.value,
        comparisons=tuple(
            compare(scores[baseline], scores[TUNED], metric.name) for baseline in (best_leg, DEFAULT)
        ),
        verdicts=chosen.verdicts,
        winners=held_out.winners,
        per_query=per_query,
        signals=signals,
        profiles=weight_profiles(specs, scorer.values(specs).mean(axis=1)),
    )


def _today(scorer: Scorer, runs: LegRuns) -> Floats:
    if not runs.boosts.weights:
        values: Floats = scorer.values([runs.default])[0]
        return values
    boosted = BoostedScorer(scorer, runs.default, signal_table(scorer.pool, runs))
    return boosted.values(runs.boosts.weights)


def _scores(name: str, queries: tuple[str, ...], values: Floats, metric: str) -> Scores:
    per_query = dict(zip(queries, values.tolist(), strict=True))
    return Scores(name, {metric: per_query}, len(queries), 0)
