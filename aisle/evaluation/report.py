"""The result of an evaluation as one record, for machines (JSON) and for people (Markdown)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from aisle._files import whole_file
from aisle.errors import EvaluationError
from aisle.evaluation.metrics import Scores
from aisle.evaluation.significance import Comparison, compare


def table(systems: Mapping[str, Mapping[str, float]], p50_ms: Mapping[str, float]) -> str:
    """Systems by metrics, with a last column for the median latency where one is known."""
    metrics = list(next(iter(systems.values())))
    head = ["system", *metrics, *(["p50 ms"] if p50_ms else [])]
    rows = []
    for name, means in systems.items():
        latency = [f"{p50_ms[name]:.1f}" if name in p50_ms else ""] if p50_ms else []
        rows.append([name, *(f"{means[metric]:.4f}" for metric in metrics), *latency])
    return markdown_table(head, rows)


def comparison_rows(comparisons: Sequence[Comparison]) -> str:
    """Each system against the baseline: difference, p-value, queries won and lost."""
    head = ["system", "against", "metric", "difference", "p", "better", "worse"]
    rows = [
        [
            c.system,
            c.baseline,
            c.metric,
            f"{c.delta:+.4f}",
            f"{c.p_value:.4f}",
            str(c.wins),
            str(c.losses),
        ]
        for c in comparisons
    ]
    return markdown_table(head, rows)


def query_rows(comparison: Comparison, deltas: Sequence[tuple[str, float]], texts: Mapping[str, str]) -> str:
    """Queries and how far the system fell behind or went ahead."""
    title = f"Queries where {_cell(comparison.system)} lost most to {_cell(comparison.baseline)}:"
    rows = [[texts.get(query, query), f"{delta:+.4f}"] for query, delta in deltas]
    return f"{title}\n\n{markdown_table(['query', comparison.metric], rows)}"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; bars within the cells are escaped, and line breaks are gone."""
    lines = [head, ["---"] * len(head), *(map(_cell, row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Systems by metrics on one judged set.

    Attributes:
        dataset, split: what was searched for.
        queries: how many queries the means are over.
        relevant: the lowest grade that counts as relevant.
        systems: system to metric to mean.
        p50_ms: system to median milliseconds a query, where it was measured.
        comparisons: every other system against the first or the named baseline; empty for one system.
    """

    dataset: str
    split: str
    queries: int
    relevant: float
    systems: Mapping[str, Mapping[str, float]]
    p50_ms: Mapping[str, float]
    comparisons: Sequence[Comparison]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON: dataset, split, queries, relevant, systems, comparisons."""
        return {
            "dataset": self.dataset,
            "split": self.split,
            "queries": self.queries,
            "relevant": self.relevant,
            "systems": {
                name: {**means, "p50_ms": self.p50_ms.get(name)} for name, means in self.systems.items()
            },
            "comparisons": [
                {
                    "system": c.system,
                    "baseline": c.baseline,
                    "metric": c.metric,
                    "delta": c.delta,
                    "p": c.p_value,
                    "wins": c.wins,
                    "losses": c.losses,
                }
                for c in self.comparisons
            ],
        }

    def to_markdown(self, texts: Mapping[str, str] | None = None, worst: int = 5) -> str:
        """A table of systems by metrics, one of comparisons, and the queries that lost most.

        Args:
            texts: query id to text, for the last part; without it the ids are shown.
            worst: how many losing queries to list for each comparison.
        """
        parts = [
            f"# {self.dataset}, {self.split}: {self.queries} queries, relevant = grade ≥ {self.relevant:g}"
        ]
        parts.append(table(self.systems, self.p50_ms))
        if self.comparisons:
            parts.append(comparison_rows(self.comparisons))
        for comparison in self.comparisons:
            if lost := comparison.worst(worst):
                parts.append(query_rows(comparison, lost, texts or {}))
        return "\n\n".join(parts) + "\n"

    def write(self, path: str | Path) -> None:
        """Write the JSON, whole or not at all."""
        with whole_file(Path(path)) as file:
            file.write(orjson.dumps(self.to_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def report(
    scores: Sequence[Scores],
    *,
    dataset: str,
    split: str,
    relevant: float = 2,
    baseline: str | None = None,
    metric: str = "nDCG@10",
    p50_ms: Mapping[str, float] | None = None,
) -> EvaluationReport:
    """Put scored runs side by side.

    Args:
        scores: one per system, scored on the same queries with the same metrics.
        dataset: the judged set's name.
        split: its split.
        relevant: the lowest grade that counted as relevant.
        baseline: the system that the others are compared with; the first by default.
        metric: what they are compared by.
        p50_ms: system to median milliseconds a query.

    Raises:
        EvaluationError: nothing scored, a name used twice, no such baseline, or other queries.
    """
    by_name = {score.system: score for score in scores}
    if not scores or len(by_name) != len(scores):
        raise EvaluationError("no scores, or two systems of one name", fix="score each system once")
    if len({score.queries for score in scores}) != 1:
        raise EvaluationError("the systems were scored on other queries", fix="use the same judgments")
    base = by_name.get(baseline or scores[0].system)
    if base is None:
        raise EvaluationError(f"no system '{baseline}'", fix=f"choose from {', '.join(by_name)}")
    others = [score for score in scores if score is not base]
    return EvaluationReport(
        dataset=dataset,
        split=split,
        queries=base.queries,
        relevant=relevant,
        systems={score.system: score.means() for score in scores},
        p50_ms=dict(p50_ms or {}),
        comparisons=tuple(compare(base, other, metric) for other in others),
    )
