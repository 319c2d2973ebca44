"""Metrics of a run against judgments, computed by ir-measures."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ir_measures
from ir_measures.measures import Measure

from aisle.errors import EvaluationError
from aisle.evaluation.qrels import MAX_GRADE, Qrels
from aisle.evaluation.runs import Run

DEFAULT_METRICS = ("nDCG@10", "nDCG@20", "R@10", "R@200", "RR@10", "Judged@10")

# ir-measures' own exponential nDCG calls perl (5 digits) or numba; mapped gains run in pytrec_eval.
_GAINS = {grade: 2**grade - 1 for grade in range(MAX_GRADE + 1)}

_FAMILIES: dict[str, Callable[[int], Measure]] = {
    "nDCG": lambda _: ir_measures.nDCG(gains=_GAINS),
    "R": lambda relevant: ir_measures.R(rel=relevant),
    "P": lambda relevant: ir_measures.P(rel=relevant),
    "AP": lambda relevant: ir_measures.AP(rel=relevant),
    "RR": lambda relevant: ir_measures.RR(rel=relevant),
    "Judged": lambda _: ir_measures.Judged(),
}
_NAME = re.compile(r"([A-Za-z]+)@([1-9][0-9]{0,4})")


def measure(name: str, relevant: int) -> Measure:
    """The measure for a name such as ``nDCG@10``.

    ``nDCG`` has gains 2^grade - 1 and discount log2(rank + 1) (Burges et al. 2005); ``R`` (recall), ``P``
    (precision), ``AP`` and ``RR`` (reciprocal rank, whose mean is MRR) count a grade of ``relevant`` or more
    as relevant; ``Judged`` is the share of the results that somebody judged.

    Raises:
        EvaluationError: no such metric.
    """
    match = _NAME.fullmatch(name)
    if match is None or match[1] not in _FAMILIES:
        known = ", ".join(f"{family}@k" for family in _FAMILIES)
        raise EvaluationError(f"unknown metric '{name}'", fix=f"choose from {known}")
    return _FAMILIES[match[1]](relevant) @ int(match[2])


@dataclass(frozen=True, slots=True)
class Scores:
    """What a run scored.

    Attributes:
        system: the run's name.
        per_query: metric name to query id to value in [0, 1].
        queries: how many queries the means are over.
        missing: how many of them the run has no result for (they count as 0).
    """

    system: str
    per_query: Mapping[str, Mapping[str, float]]
    queries: int
    missing: int

    def mean(self, metric: str) -> float:
        """Arithmetic mean over the queries."""
        return sum(self.per_query[metric].values()) / self.queries

    def means(self) -> dict[str, float]:
        """Metric name to mean, in the order of the request."""
        return {metric: self.mean(metric) for metric in self.per_query}


def evaluate(
    run: Run,
    qrels: Qrels,
    metrics: Sequence[str] = DEFAULT_METRICS,
    *,
    relevant: int = 2,
    keep_unanswerable: bool = False,
) -> Scores:
    """Score a run.

    Args:
        run: what a system returned.
        qrels: the judgments; queries of the run that have none are ignored, judged queries that the run lacks
            count as 0.
        metrics: names such as ``nDCG@10``; nDCG, R, P, AP, RR and Judged are known, at any depth.
        relevant: lowest grade that counts as relevant, at least 1.
        keep_unanswerable: keep queries without any relevant item, on which no system can score; by default
            they are left out.

    Raises:
        EvaluationError: unknown metric, nothing to score, grades out of range, or a run for other queries.
    """
    measures = {name: measure(name, relevant) for name in metrics}
    judged = qrels if keep_unanswerable else answerable(qrels, relevant)
    _check(run, qrels, judged, relevant)
    scored = {query: items for query, items in run.scored().items() if items and query in judged}
    values: dict[str, dict[str, float]] = {name: dict.fromkeys(judged, 0.0) for name in metrics}
    names = {found: name for name, found in measures.items()}
    if scored:
        plain = {query: dict(items) for query, items in judged.items()}
        for result in ir_measures.iter_calc(list(measures.values()), plain, scored):
            values[names[result.measure]][result.query_id] = float(result.value)
    return Scores(run.name, values, len(judged), len(judged) - len(scored))


def answerable(qrels: Qrels, relevant: int = 2) -> Qrels:
    """The queries that have at least one item of grade ``relevant`` or more."""
    return {query: items for query, items in qrels.items() if any(g >= relevant for g in items.values())}


def _check(run: Run, qrels: Qrels, judged: Qrels, relevant: int) -> None:
    if relevant < 1:
        raise EvaluationError(f"relevant = {relevant} would count every item", fix="use 1 or more")
    if not judged:
        raise EvaluationError(
            f"no query has an item of grade {relevant} or more", fix="lower --relevant or check the judgments"
        )
    if any(not 0 <= grade <= MAX_GRADE for items in judged.values() for grade in items.values()):
        raise EvaluationError("a grade is out of range", fix=f"use whole numbers from 0 to {MAX_GRADE}")
    if qrels.keys().isdisjoint(run.rankings):
        raise EvaluationError(
            f"run {run.name} answers none of the judged queries",
            fix="check that run and judgments belong together",
        )
