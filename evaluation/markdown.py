"""The parts of a Markdown report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluation.compare import Comparison


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
