"""The learned ranking benchmark's tables for docs/benchmarks/learned-ranking.md. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from benchmarks.harness.pages import block, goals_table, table
from benchmarks.harness.result_file import BenchmarkResult, trials

Row = Mapping[str, Any]

METRICS: Final = ("nDCG@10", "nDCG@20", "judged pool nDCG@10")


def ranking_ladder(result: BenchmarkResult) -> str:
    """The goals, the fusion and every way to train."""
    return block(result, goals_table(result.goals), _table(result, "ladder"))


def ranking_outside(result: BenchmarkResult) -> str:
    """A catalogue that the ranker has not seen."""
    return block(result, _table(result, "outside"))


def ranking_tried(result: BenchmarkResult) -> str:
    """Ideas that were tried by hand, each with its figure."""
    tried = trials("learned-ranking", "untrained legs")
    rows = [[each["trial"], each["figure"], each["kept"]] for each in tried]
    return block(result, table(["tried", "figure", "kept"], rows, texts=3))


def ranking_sizes(result: BenchmarkResult) -> str:
    """How many judged queries it takes."""
    return block(result, _table(result, "sizes"))


def ranking_parts(result: BenchmarkResult) -> str:
    """What the ranker is without some features."""
    return block(result, _table(result, "parts"), _table(result, "ideas"))


def ranking_speed(result: BenchmarkResult) -> str:
    """Milliseconds of each step."""
    rows = [[row["system"], f"{row['p50_ms']:.2f}"] for row in result.rows if row.get("part") == "speed"]
    return block(result, table(["200 candidates", "p50 ms"], rows))


def _table(result: BenchmarkResult, part: str) -> str:
    cells = [
        [
            row["system"],
            f"{row['queries']:,}",
            *(f"{row[metric]:.4f}" for metric in METRICS),
            f"{row['delta']:+.4f}" if "delta" in row else "",
            f"{row['p']:.4f}" if "p" in row else "",
            f"{row['train_cpu_s']:.0f}" if "train_cpu_s" in row else "",
        ]
        for row in result.rows
        if row.get("part") == part
    ]
    head = ["system", "queries", *METRICS, "nDCG@20 to the fusion", "p", "training, CPU-s"]
    return table(head, cells) if cells else ""
