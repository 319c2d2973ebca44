"""Query by query, what changed between two systems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.evaluate import Scores
from evaluation.significance import paired_randomisation_test
from records import EvaluationError


@dataclass(frozen=True, slots=True)
class Comparison:
    """One system against a baseline on one metric.

    Attributes:
        delta: mean of the system less mean of the baseline.
        p_value: two-sided, paired randomisation test over the queries, uncorrected for many comparisons.
        deltas: query id to value of the system less value of the baseline.
    """

    metric: str
    baseline: str
    system: str
    delta: float
    p_value: float
    deltas: Mapping[str, float]

    @property
    def wins(self) -> int:
        """Queries that the system does better."""
        return sum(delta > 0 for delta in self.deltas.values())

    @property
    def losses(self) -> int:
        """Queries that the baseline does better."""
        return sum(delta < 0 for delta in self.deltas.values())

    def worst(self, n: int = 10) -> list[tuple[str, float]]:
        """Up to ``n`` queries that lost most, worst first, equal ones by id."""
        losers = [(query, delta) for query, delta in self.deltas.items() if delta < 0]
        return sorted(losers, key=lambda pair: (pair[1], pair[0]))[:n]

    def best(self, n: int = 10) -> list[tuple[str, float]]:
        """Up to ``n`` queries that gained most, best first, equal ones by id."""
        winners = [(query, delta) for query, delta in self.deltas.items() if delta > 0]
        return sorted(winners, key=lambda pair: (-pair[1], pair[0]))[:n]


def compare(
    baseline: Scores, system: Scores, metric: str = "nDCG@10", *, permutations: int = 10_000, seed: int = 0
) -> Comparison:
    """Compare two scored runs.

    Raises:
        EvaluationError: the metric was not scored, or the runs were scored on other queries.
    """
    if metric not in baseline.per_query or metric not in system.per_query:
        raise EvaluationError(f"{metric} was not scored for both runs", fix=f"add {metric} to the metrics")
    old, new = baseline.per_query[metric], system.per_query[metric]
    if old.keys() != new.keys():
        raise EvaluationError(
            f"{baseline.system} and {system.system} were scored on other queries",
            fix="use the same judgments",
        )
    p_value = paired_randomisation_test(
        [new[query] for query in old], list(old.values()), permutations=permutations, seed=seed
    )
    deltas = {query: new[query] - old[query] for query in old}
    delta = sum(deltas.values()) / len(deltas)
    return Comparison(metric, baseline.system, system.system, delta, p_value, deltas)
