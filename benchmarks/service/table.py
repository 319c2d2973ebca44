"""The figures of the service as pages show them."""

from __future__ import annotations

from benchmarks.harness.pages import block, goals_table, table, topics_of
from benchmarks.harness.result_file import BenchmarkResult

_LOADS = ("search", "overload", "suggest")
_COLUMNS = {
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "per_s": "answers/s",
    "degraded": "degraded",
    "refused_503": "503",
    "failed": "failed",
}


def goals(result: BenchmarkResult) -> str:
    """Every goal."""
    return block(result, goals_table(result.goals))


def loads(result: BenchmarkResult) -> str:
    """Each load with what became of it."""
    rows = [
        [row["search"], row["load"], *(f"{row[column]:,}" for column in _COLUMNS)]
        for row in result.rows
        if row["topic"] in _LOADS
    ]
    return block(result, table(["asked", "load", *_COLUMNS.values()], rows, texts=2), topics=_LOADS)


def soak(result: BenchmarkResult) -> str:
    """The long load."""
    rows = [
        [
            f"{row['minutes']:g}",
            *(f"{row[column]:,}" for column in ("searches", "events", "stored_queries", "stored_events")),
            *(f"{row[column]:.0f}" for column in ("rss_mb_at_start", "rss_mb_warm", "rss_mb_at_end")),
        ]
        for row in result.rows
        if row["topic"] == "soak"
    ]
    head = ["minutes", "searches", "events", "stored queries", "stored events"]
    head += ["MB at the start", "MB warm", "MB at the end"]
    return block(result, table(head, rows, texts=0), topics=["soak"])


def tried(result: BenchmarkResult) -> str:
    """What was tried, and what else is known."""
    rows = [[attempt["tried"], str(attempt["value"])] for attempt in result.attempts]
    return block(result, table(["tried", "figure"], rows), topics=topics_of(result.attempts))
