"""The figures of releases as pages show them."""

from __future__ import annotations

from benchmarks.harness.pages import block, goals_table, table
from benchmarks.harness.result_file import BenchmarkResult


def goals(result: BenchmarkResult) -> str:
    """Every goal."""
    return block(result, goals_table(result.goals))


def faults(result: BenchmarkResult) -> str:
    """Each fault, and what stopped it."""
    rows = [
        [row["fault"], row["what"], row["by"] or "**nothing**", row["note"]]
        for row in result.rows
        if row["topic"] == "faults"
    ]
    return block(
        result, table(["fault", "what was done", "stopped by", "because"], rows, texts=4), topics=["faults"]
    )


def unchanged(result: BenchmarkResult) -> str:
    """How often nothing was taken for something."""
    rows = [
        [
            f"{row['releases']}",
            f"{len(row['alarms'])}",
            f"{row['rate']:.1%}",
            f"{row['low']:.1%} to {row['high']:.1%}",
        ]
        for row in result.rows
        if row["topic"] == "unchanged"
    ]
    head = ["releases", "stopped", "rate", "95 % (Clopper-Pearson)"]
    return block(result, table(head, rows, texts=0), topics=["unchanged"])


def rollback(result: BenchmarkResult) -> str:
    """How long it takes, and who notices."""
    rows = [
        [
            f"{row['rollbacks']}",
            f"{max(row['command_s']):.2f}",
            f"{max(row['served_s']):.2f}",
            f"{row['asked']:,} at {row['per_s']:g}/s",
            f"{row['failed']}",
            f"{row['refused']}",
            f"{row['degraded']}",
            f"{row['p50_ms']:g}",
            f"{row['p99_ms']:g}",
        ]
        for row in result.rows
        if row["topic"] == "rollback"
    ]
    head = ["rollbacks", "slowest command, s", "slowest until all is served, s", "queries"]
    head += ["failed", "503", "degraded", "p50 ms", "p99 ms"]
    return block(result, table(head, rows, texts=0), topics=["rollback"])
