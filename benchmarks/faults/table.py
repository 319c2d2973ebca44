"""Trials of faults → rows, attempts and goals. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.faults.trial import Trial
from benchmarks.harness.pages import block, goals_table, number, table
from benchmarks.harness.result_file import HIGHER, LOWER, BenchmarkResult, Goal

KILLS = 25
_SUMMED = (
    *("rows", "documents", "dead_letters", "acknowledged", "sent", "lost", "missing", "doubled"),
    *("disturbed", "runs", "searches", "repeated", "failed"),
)


def fault_rows(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """One row per fault: sums over its trials, median seconds, and every trial."""
    kinds = dict.fromkeys(trial.fault for trial in trials)
    return [_row(fault, [trial for trial in trials if trial.fault == fault]) for fault in kinds]


def fault_goals(trials: Sequence[Trial], killed: str) -> list[Goal]:
    """What the issue asks for. ``killed`` is the fault that counts as a kill of the indexer."""

    def total(field: str) -> int:
        return sum(int(getattr(trial, field)) for trial in trials)

    return [
        Goal("trials in which the indexer was killed", sum(t.fault == killed for t in trials), KILLS, HIGHER),
        Goal("documents acknowledged and not readable", total("lost"), 0, LOWER),
        Goal("rows neither in the index nor in the dead letters", total("missing"), 0, LOWER),
        Goal("rows that are there twice", total("doubled"), 0, LOWER),
        Goal("interruptions that touched the live release", total("disturbed"), 0, LOWER),
        Goal("searches that failed for good or were not whole", total("failed"), 0, LOWER),
    ]


def fault_attempts(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """What repeats cost: documents sent for each one that is in the index."""
    return [
        {
            "tried": f"documents sent / documents, {row['fault']}",
            "value": round(row["sent"] / row["documents"], 3),
        }
        for row in fault_rows(trials)
    ]


def faults(result: BenchmarkResult) -> str:
    """The figure: what was done how often, and what became of the rows."""
    head = ["fault", "trials", "rows", "acknowledged", "lost", "missing", "doubled", "median s"]
    cells = [
        [
            row["fault"],
            *(number(row[key]) for key in ("trials", "rows", "acknowledged", "lost", "missing", "doubled")),
            number(row["median_s"]),
        ]
        for row in result.rows
    ]
    return block(result, table(head, cells), goals_table(result.goals))


def _row(fault: str, trials: Sequence[Trial]) -> dict[str, Any]:
    sums: Mapping[str, int] = {key: sum(getattr(trial, key) for trial in trials) for key in _SUMMED}
    median = round(statistics.median(trial.seconds for trial in trials), 1)
    each = [{**asdict(trial), "seconds": round(trial.seconds, 1)} for trial in trials]
    return {"fault": fault, "trials": len(trials), **sums, "median_s": median, "each": each}
