"""The table of planned against measured sizes for the page. Pure."""

from __future__ import annotations

from benchmarks.harness.pages import block, goals_table, number, table
from benchmarks.harness.result_file import BenchmarkResult

_MIB = 1024 * 1024


def plan(result: BenchmarkResult) -> str:
    """One row for each index: its size by the plan and as measured, and what a document takes."""
    rows = [
        [
            f"{row['catalogue']}, {row['docs']:,}",
            number(row["predicted_bytes"] / _MIB),
            number(row["measured_bytes"] / _MIB),
            _share(row["measured_to_predicted"]),
            _share(row["measured_to_predicted_from_sample"]),
            *(number(row[key]) for key in ("text_per_doc", "floats_per_doc", "graph_per_doc")),
        ]
        for row in result.rows
    ]
    head = [
        *("index", "plan, MiB", "measured, MiB", "measured / plan", "/ plan from the smallest size"),
        *("words, bytes a document", "floats", "graph"),
    ]
    return block(result, table(head, rows), goals_table(result.goals))


def _share(value: float | None) -> str:
    return "" if value is None else number(value)
