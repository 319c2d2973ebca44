"""The learned ranking benchmark's tables for docs/benchmarks/learned-ranking.md. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.harness.pages import block, goals_table, table, unmeasured
from benchmarks.harness.result_file import BenchmarkResult, trials

Row = Mapping[str, Any]

METRICS: Final = ("nDCG@10", "nDCG@20", "judged pool nDCG@10")


def ranking_ladder(result: BenchmarkResult) -> str:
    """The goals, the fusion and every way to train."""
    return block(result, _goals(result, "untrained legs"), _table(result, "ladder"))


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
    """The goal, and milliseconds of each step."""
    rows = [[row["system"], f"{row['cpu_ms']:.2f}"] for row in result.rows if row.get("part") == "speed"]
    return block(result, _goals(result, "speed"), table(["200 candidates", "processor time, p50 ms"], rows))


def ranking_no_judgments(result: BenchmarkResult) -> str:
    """Rankers that no judge taught."""
    return block(result, _goals(result, "no judgments"), _table(result, "no judgments"))


def ranking_bounds(result: BenchmarkResult) -> str:
    """Models alone, in a mixture, and within a bound."""
    return block(result, _goals(result, "bounds"), _table(result, "bounds"))


def ranking_trained_legs(result: BenchmarkResult) -> str:
    """A ranker on top of trained legs."""
    if missing := unmeasured(result, "benchmarks.learned_ranking", ["trained legs"]):
        return missing
    return block(result, _goals(result, "trained legs"), _table(result, "trained legs"))


def ranking_ceiling(result: BenchmarkResult) -> str:
    """What the noise of raters leaves."""
    return block(result, _goals(result, "ceiling"), _table(result, "ceiling"))


def ranking_teachers(result: BenchmarkResult) -> str:
    """Other labels, more queries, several rankers, and what was tried."""
    if missing := unmeasured(result, "benchmarks.learned_ranking", ["teachers", "heads"]):
        return missing
    tried = [
        [trial["trial"], trial["figure"], trial["kept"]]
        for trial in result.attempts
        if trial.get("topic") in ("teachers", "heads")
    ]
    return block(
        result,
        _table(result, "teachers"),
        _table(result, "heads"),
        table(["idea", "figure", "kept"], tried, texts=3),
    )


@dataclass(frozen=True, slots=True)
class _Column:
    """Of the numbers that rows of a part may have: shown where one of them has it."""

    key: str
    title: str
    form: str


_COLUMNS: Final = (
    _Column("dataset", "dataset", ""),
    _Column("bound", "bound", "g"),
    _Column("weight", "weight", "g"),
    _Column("queries", "queries", ","),
    *(_Column(metric, metric, ".4f") for metric in METRICS),
    _Column("R@200", "R@200", ".4f"),
    _Column("delta", "nDCG@20 to the fusion", "+.4f"),
    _Column("p", "p", ".4f"),
    _Column("train_cpu_s", "training, CPU-s", ".0f"),
)


def _goals(result: BenchmarkResult, topic: str) -> str:
    return goals_table([goal for goal in result.goals if goal.name.startswith(f"{topic}: ")])


def _table(result: BenchmarkResult, part: str) -> str:
    rows = [row for row in result.rows if row.get("part") == part]
    shown = [column for column in _COLUMNS if any(column.key in row for row in rows)]
    cells = [
        [row["system"], *(format(row[one.key], one.form) if one.key in row else "" for one in shown)]
        for row in rows
    ]
    return table(["system", *(one.title for one in shown)], cells) if cells else ""
