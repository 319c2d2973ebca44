"""Tables of the page on vectors. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.harness.pages import block, goals_table, number, table
from benchmarks.harness.result_file import BenchmarkResult
from benchmarks.vectors.search import METRIC
from benchmarks.vectors.table import KEPT, LOADING

Row = Mapping[str, Any]


def kept(result: BenchmarkResult) -> str:
    """What each type of vector costs and finds, by width, on each engine."""
    head = [
        *("engine", "`--vectors`", "`--dims`", "bytes", "recall@10", "recall@100", f"{METRIC}, dense leg"),
        *("node CPU, µs", "disk, bytes", "p50 ms"),
    ]
    rows = [
        [
            *(row["engine"], row["type"], str(row["dims"]), number(row["bytes"])),
            *(_cell(row[key], 3) for key in ("recall_10", "recall_100", METRIC)),
            *(_cell(row[key]) for key in ("node_cpu_us", "disk", "p50_ms")),
        ]
        for row in result.rows
        if row["table"] == KEPT
    ]
    return block(result, table(head, rows, texts=2))


def loading(result: BenchmarkResult) -> str:
    """What the node works for a product in each way to load."""
    head = [
        *("engine", "way to load", "`--vectors`", "`--dims`", "m", "ef_construction"),
        *("node CPU, µs", "of it merges", "segments", "recall@10", "recall@100", "p50 ms"),
    ]
    rows = [
        [
            *(row["engine"], row["way"], row["type"], *(str(row[key]) for key in ("dims", "m"))),
            *(str(row["ef_construction"]), *(_cell(row[key]) for key in ("node_cpu_us", "merge_us"))),
            *(_cell(row["segments"]), *(_cell(row[key], 3) for key in ("recall_10", "recall_100"))),
            _cell(row["p50_ms"]),
        ]
        for row in result.rows
        if row["table"] == LOADING
    ]
    return block(result, table(head, rows, texts=3), goals_table(result.goals))


def _cell(value: float | None, digits: int | None = None) -> str:
    """A number; of an engine that was not there, nothing."""
    if value is None:
        return ""
    return number(value) if digits is None else f"{value:.{digits}f}"
