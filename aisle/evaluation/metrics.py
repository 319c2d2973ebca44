"""Metrics of a run against judgments: nDCG of any grades, the others by ir-measures."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import ir_measures
from ir_measures.measures import Measure

from aisle.errors import EvaluationError
from aisle.evaluation.qrels import MAX_GRADE, Qrels
from aisle.evaluation.runs import Run

DEFAULT_METRICS = ("nDCG@10", "nDCG@20", "R@10", "R@200", "RR@10", "Judged@10")

MIN_RELEVANT = 0.01

# No provider of ir-measures has gains that are not whole, so nDCG is counted here.
_NDCG = "nDCG"
_BINARY: dict[str, Callable[[], Measure]] = {
    "R": ir_measures.R,
    "P": ir_measures.P,
    "AP": ir_measures.AP,
    "RR": ir_measures.RR,
    "Judged": ir_measures.Judged,
}
_FAMILIES = (_NDCG, *_BINARY)
_NAME = re.compile(r"([A-Za-z]+)@([1-9][0-9]{0,4})")


def _family_and_depth(name: str) -> tuple[str, int]:
    match = _NAME.fullmatch(name)
    if match is None or match[1] not in _FAMILIES:
        known = ", ".join(f"{family}@k" for family in _FAMILIES)
        raise EvaluationError(f"unknown metric '{name}'", fix=f"choose from {known}")
    return match[1], int(match[2])


def _ndcg(ranking: Sequence[str], grades: Mapping[str, float], k: int) -> float:
    """With gains 2^grade - 1 and discount log2(rank + 1) (Burges et al. 2005); 0 if no grade is above 0."""
    best = _dcg(sorted(grades.values(), reverse=True)[:k])
    return _dcg([grades.get(item, 0.0) for item in ranking[:k]]) / best if best else 0.0


def _dcg(grades: Iterable[float]) -> float:
    return math.fsum((2.0**grade - 1) / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))


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
    relevant: float = 2,
    keep_unanswerable: bool = False,
) -> Scores:
    """Score a run.

    Args:
        run: what a system returned.
        qrels: the judgments; queries of the run that have none are ignored, judged queries that the run lacks
            count as 0.
        metrics: names such as ``nDCG@10``, at any depth. ``nDCG`` has gains 2^grade - 1 and discount
            log2(rank + 1) (Burges et al. 2005); ``R`` (recall), ``P`` (precision), ``AP`` and ``RR``
            (reciprocal rank, whose mean is MRR) count a grade of ``relevant`` or more as relevant;
            ``Judged`` is the share of the results that somebody judged.
        relevant: lowest grade that counts as relevant, at least ``MIN_RELEVANT``.
        keep_unanswerable: keep queries without any relevant item, on which no system can score; by default
            they are left out.

    Raises:
        EvaluationError: unknown metric, nothing to score, grades out of range, or a run for other queries.
    """
    wanted = {name: _family_and_depth(name) for name in metrics}
    _check_relevant(relevant)
    judged = qrels if keep_unanswerable else answerable(qrels, relevant)
    _check(run, qrels, judged, relevant)
    scored = {query: items for query, items in run.scored().items() if items and query in judged}
    values: dict[str, dict[str, float]] = {name: dict.fromkeys(judged, 0.0) for name in metrics}
    binary = {_BINARY[family]() @ k: name for name, (family, k) in wanted.items() if family in _BINARY}
    if scored and binary:
        levels = {q: {item: int(grade >= relevant) for item, grade in judged[q].items()} for q in judged}
        for result in ir_measures.iter_calc(list(binary), levels, scored):
            values[binary[result.measure]][result.query_id] = float(result.value)
    for name, (family, k) in wanted.items():
        if family == _NDCG:
            values[name] |= {query: _ndcg(run.rankings[query], judged[query], k) for query in scored}
    return Scores(run.name, values, len(judged), len(judged) - len(scored))


def answerable(qrels: Qrels, relevant: float = 2) -> Qrels:
    """The queries that have at least one item of grade ``relevant`` or more.

    Raises:
        EvaluationError: ``relevant`` is so low that every item would count.
    """
    _check_relevant(relevant)
    return {query: items for query, items in qrels.items() if any(g >= relevant for g in items.values())}


def _check_relevant(relevant: float) -> None:
    if not relevant >= MIN_RELEVANT:
        raise EvaluationError(
            f"relevant = {relevant:g} would count every item", fix=f"use {MIN_RELEVANT} or more"
        )


def _check(run: Run, qrels: Qrels, judged: Qrels, relevant: float) -> None:
    if not judged:
        raise EvaluationError(
            f"no query has an item of grade {relevant:g} or more",
            fix="lower --relevant or check the judgments",
        )
    if any(not 0 <= grade <= MAX_GRADE for items in judged.values() for grade in items.values()):
        raise EvaluationError("a grade is out of range", fix=f"use numbers from 0 to {MAX_GRADE}")
    if qrels.keys().isdisjoint(run.rankings):
        raise EvaluationError(
            f"run {run.name} answers none of the judged queries",
            fix="check that run and judgments belong together",
        )
