"""The learned ranking benchmark's tables for docs/benchmarks/learned-ranking.md. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.harness.pages import block, goals_table, table, unmeasured
from benchmarks.harness.result_file import BenchmarkResult, trials

Row = Mapping[str, Any]

_UNTRAINED: Final = ("untrained legs",)
METRICS: Final = ("nDCG@10", "nDCG@20", "judged pool nDCG@10")


def ranking_ladder(result: BenchmarkResult) -> str:
    """The goals, the fusion and every way to train."""
    return block(result, _goals(result, "untrained legs"), _table(result, "ladder"), topics=_UNTRAINED)


def ranking_outside(result: BenchmarkResult) -> str:
    """A catalogue that the ranker has not seen."""
    return block(result, _table(result, "outside"), topics=_UNTRAINED)


def ranking_tried(result: BenchmarkResult) -> str:
    """Ideas that were tried by hand, each with its figure."""
    return block(result, _by_hand("untrained legs"), topics=_UNTRAINED)


def ranking_sizes(result: BenchmarkResult) -> str:
    """How many judged queries it takes."""
    return block(result, _table(result, "sizes"), topics=_UNTRAINED)


def ranking_parts(result: BenchmarkResult) -> str:
    """What the ranker is without some features."""
    return block(result, _table(result, "parts"), _table(result, "ideas"), topics=_UNTRAINED)


def ranking_speed(result: BenchmarkResult) -> str:
    """The goal, and milliseconds of each step."""
    rows = [[row["system"], f"{row['cpu_ms']:.2f}"] for row in result.rows if row.get("part") == "speed"]
    shown = table(["200 candidates", "processor time, p50 ms"], rows)
    return block(result, _goals(result, "speed"), shown, topics=["speed"])


def ranking_throughput(result: BenchmarkResult) -> str:
    """Whole searches of four clients."""
    if missing := unmeasured(result, "benchmarks.learned_ranking", ["throughput"]):
        return missing
    rows = [
        [row["system"], *(f"{row[key]:.1f}" for key in ("queries_per_s", "client_cpu_ms", "node_cpu_ms"))]
        for row in result.rows
        if row.get("part") == "throughput"
    ]
    titles = ["search", "queries/s, 4 clients", "processor time of the client, ms", "of the node, ms"]
    return block(result, _goals(result, "throughput"), table(titles, rows), topics=["throughput"])


def ranking_no_judgments(result: BenchmarkResult) -> str:
    """Rankers that no judge taught."""
    return _topic(result, "no judgments")


def ranking_bounds(result: BenchmarkResult) -> str:
    """Models alone, in a mixture, and within a bound."""
    return _topic(result, "bounds")


def ranking_trained_legs(result: BenchmarkResult) -> str:
    """A ranker on top of trained legs."""
    if missing := unmeasured(result, "benchmarks.learned_ranking", ["trained legs"]):
        return missing
    return _topic(result, "trained legs", _tried(result, "trained legs"))


def ranking_cross_encoder(result: BenchmarkResult) -> str:
    """A cross-encoder as a feature of the ranker, and after it."""
    if missing := unmeasured(result, "benchmarks.learned_ranking", ["cross-encoder"]):
        return missing
    return _topic(result, "cross-encoder", _by_hand("cross-encoder"))


def ranking_ceiling(result: BenchmarkResult) -> str:
    """What the noise of raters leaves."""
    return _topic(result, "ceiling")


def ranking_teachers(result: BenchmarkResult) -> str:
    """Other labels, more queries, several rankers, and what was tried."""
    if missing := unmeasured(result, "benchmarks.learned_ranking", ["teachers", "heads"]):
        return missing
    tried = _tried(result, "teachers", "heads")
    tables = _table(result, "teachers"), _table(result, "heads"), tried
    return block(result, *tables, topics=["teachers", "heads"])


def _topic(result: BenchmarkResult, topic: str, *more: str) -> str:
    """The goals of a topic and its rows, a part of the same name."""
    return block(result, _goals(result, topic), _table(result, topic), *more, topics=[topic])


def _by_hand(domain: str) -> str:
    """What was tried without this benchmark's code. Not of one run: of those that the trials file names."""
    rows = [[each["trial"], each["figure"], each["kept"]] for each in trials("learned-ranking", domain)]
    return table(["tried by hand", "figure", "kept"], rows, texts=3)


def _tried(result: BenchmarkResult, *topics: str) -> str:
    rows = [
        [trial["trial"], trial["figure"], trial["kept"]]
        for trial in result.attempts
        if trial.get("topic") in topics
    ]
    return table(["idea", "figure", "kept"], rows, texts=3) if rows else ""


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
    _Column("tuned_delta", "to the tuned fusion", "+.4f"),
    _Column("tuned_p", "p of that", ".4f"),
    _Column("to_ranker", "to the ranker", "+.4f"),
    _Column("p_ranker", "p to the ranker", ".4f"),
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
