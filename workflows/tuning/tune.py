"""From saved runs of the legs to the fusion that serves them best, and an honest figure for it. No node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from evaluation import Comparison, JudgedSet, Scores, compare
from mappings import FusionSpec
from workflows.tuning.choose import choose
from workflows.tuning.features import pool_features
from workflows.tuning.guard import Verdict
from workflows.tuning.leg_runs import LegRuns, check_kinship
from workflows.tuning.matrix_metrics import metric_of
from workflows.tuning.nested import FoldWinner, nested
from workflows.tuning.options import TuneOptions
from workflows.tuning.per_query import PerQuery, try_per_query
from workflows.tuning.pool import Floats, pool_of
from workflows.tuning.scorer import Scorer
from workflows.tuning.search_space import grid

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
    """

    spec: FusionSpec
    options: TuneOptions
    queries: int
    fusions: int
    means: Mapping[str, float]
    chosen_on: float
    comparisons: tuple[Comparison, ...]
    verdicts: tuple[Verdict, ...]
    winners: tuple[FoldWinner, ...]
    per_query: PerQuery | None

    @property
    def helps(self) -> bool:
        """Whether the honest figure is above that of ``default`` by more than chance."""
        (against,) = (found for found in self.comparisons if found.baseline == DEFAULT)
        return against.delta > 0 and against.p_value < self.options.guard_p


def tune(
    runs: LegRuns,
    judged: JudgedSet,
    options: TuneOptions,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Tuned:
    """Try every fusion of the legs.

    Args:
        runs: of the legs.
        judged: the queries and judgments that the runs were made for.
        options: see there.
        progress: called with (what is done, how much of it, of how much).

    Raises:
        EvaluationError: the runs are of other data, or the metric cannot be tuned for.
        InputError: too few queries.
    """
    metric = metric_of(options.metric)
    check_kinship(runs, judged)
    pool = pool_of(runs, judged.qrels, options.relevant)
    scorer = Scorer(pool, metric, options.relevant)
    specs = grid(runs.legs)
    scorer.values(specs, lambda done, total: progress("scoring fusions", done, total))
    held_out = nested(scorer, specs, options.guard, lambda done, total: progress("folds", done, total))
    alone = {leg: scorer.values([FusionSpec((leg,), (1.0,))])[0] for leg in runs.legs}
    best_leg = max(alone, key=lambda leg: float(alone[leg].mean()))
    systems = {**alone, DEFAULT: scorer.values([runs.default])[0], TUNED: held_out.values}
    chosen = choose(scorer, specs, np.arange(len(pool.queries)), options.guard)
    spec, per_query = chosen.spec, None
    if options.per_query:

        def features(legs: tuple[str, ...]) -> Floats:
            return pool_features(runs, judged, pool.queries, legs)

        spec, per_query, systems[TUNED] = try_per_query(
            scorer, chosen.spec, held_out, features, options.guard
        )
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
    )


def _scores(name: str, queries: tuple[str, ...], values: Floats, metric: str) -> Scores:
    per_query = dict(zip(queries, values.tolist(), strict=True))
    return Scores(name, {metric: per_query}, len(queries), 0)
