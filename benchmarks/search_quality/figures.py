"""The search quality benchmark's tables for docs/benchmarks/search-quality.md. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aisle.mappings import BM25, DENSE, SPARSE
from benchmarks.harness.pages import block, goals_table, number, table
from benchmarks.harness.result_file import BenchmarkResult
from benchmarks.search_quality.fused import TUNED
from benchmarks.search_quality.table import (
    ALL,
    LADDER,
    METRICS,
    OUTSIDE,
    PAIRS,
    POOL,
    RERANKED,
    SPEED,
    TORCH_MODEL,
)

Row = Mapping[str, Any]


def search_summary(result: BenchmarkResult) -> str:
    """Each leg, all of them tuned, and the goals: what the README shows."""
    shown = (BM25, DENSE, SPARSE, f"{ALL}{TUNED}")
    rows = {row["system"]: row for row in _part(result, LADDER)}
    cells = [[name, *_metrics(rows[name])] for name in shown if name in rows]
    return block(result, table(["system", *METRICS], cells), goals_table(result.goals))


def search_ladder(result: BenchmarkResult) -> str:
    """Every rung that needs no reranker: quality, time, and whether it beats the rung before."""
    speed = {row["system"]: row for row in _part(result, SPEED)}
    head = ["system", *METRICS, "p50 ms", "queries/s", "against", "difference", "p", "p to bm25"]
    cells = [
        [
            row["system"],
            *_metrics(row),
            *(_cell(speed.get(row["system"], {}), key, ".1f") for key in ("p50_ms", "queries_per_s")),
            *_against(row),
        ]
        for row in _part(result, LADDER)
    ]
    return block(result, table(head, cells))


def search_reranked(result: BenchmarkResult) -> str:
    """The same queries before and after reranking; the judged pool."""
    speed = {row["system"]: row for row in _part(result, SPEED)}
    head = ["system", "queries", *METRICS, "p50 ms", "against", "difference", "p", "p to bm25"]
    cells = [
        [
            row["system"],
            f"{row['queries']:,}",
            *_metrics(row),
            # The weight costs no time.
            _cell(speed.get(row["system"].split(", weight")[0], {}), "p50_ms", ".1f"),
            *_against(row),
        ]
        for row in _part(result, RERANKED)
    ]
    pool = [[row["system"], f"{row['queries']:,}", f"{row[METRICS[0]]:.4f}"] for row in _part(result, POOL)]
    return block(result, table(head, cells), table(["judged items alone", "queries", METRICS[0]], pool))


def search_outside(result: BenchmarkResult) -> str:
    """Another catalogue."""
    head = ["dataset", "system", *METRICS, "against", "difference", "p", "p to bm25"]
    cells = [
        [row["dataset"], row["system"], *_metrics(row), *_against(row)] for row in _part(result, OUTSIDE)
    ]
    return block(result, table(head, cells, texts=2))


def search_speed_table(result: BenchmarkResult) -> str:
    """Whole searches, and a hundred pairs."""
    searches = [
        [row["system"], f"{row['p50_ms']:.1f}", _cell(row, "queries_per_s", ".1f")]
        for row in _part(result, SPEED)
    ]
    pairs = _part(result, PAIRS)
    slowest = {row["system"]: row["p50_ms"] for row in pairs}.get(TORCH_MODEL)
    models = [
        [row["system"], f"{row['p50_ms']:.1f}", number(row["p50_ms"] / slowest) if slowest else ""]
        for row in pairs
    ]
    return block(
        result,
        table(["search", "p50 ms", "queries/s, 4 clients"], searches),
        table(["100 pairs", "p50 ms", "share of torch"], models),
    )


def search_goals_table(result: BenchmarkResult) -> str:
    """The goals, and what was tried."""
    tried = [[one["trial"], one["figure"], one["kept"]] for one in result.attempts]
    return block(result, goals_table(result.goals), table(["tried", "figure", "kept"], tried, texts=3))


def _part(result: BenchmarkResult, part: str) -> list[Row]:
    return [row for row in result.rows if row["part"] == part]


def _metrics(row: Row) -> Sequence[str]:
    return [f"{row[metric]:.4f}" for metric in METRICS]


def _against(row: Row) -> Sequence[str]:
    return [
        row.get("before", ""),
        _cell(row, "delta", "+.4f"),
        _cell(row, "p", ".4f"),
        _cell(row, "p to bm25", ".4f"),
    ]


def _cell(row: Row, key: str, form: str) -> str:
    return format(row[key], form) if key in row else ""
