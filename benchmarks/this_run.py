"""What a result file says of the run that made it: code, machine and time."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aisle.encoder.sessions import cores
from benchmarks.result_file import CPU, BenchmarkResult, Goal

ROOT = Path(__file__).parent.parent
_CPUINFO = Path("/proc/cpuinfo")


def result_of_this_run(
    benchmark: str,
    module: str,
    *,
    rows: Sequence[Mapping[str, Any]],
    attempts: Sequence[Mapping[str, Any]],
    goals: Sequence[Goal],
) -> BenchmarkResult:
    """The record of a run on this machine's CPU that ends now.

    Args:
        benchmark: ``<topic>-<what>``.
        module: that was run with ``python -m``.
        rows: the table.
        attempts: what was tried.
        goals: what was asked for, see ``BenchmarkResult``.
    """
    return BenchmarkResult(
        benchmark=benchmark,
        command=" ".join(["python -m", module, *sys.argv[1:]]),
        commit=commit(),
        cpu=f"{cpu_model()}, {cores()} cores",
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        where=CPU,
        rows=rows,
        attempts=attempts,
        goals=goals,
    )


def commit() -> str:
    """The checked-out commit; ``-dirty`` if the tree differs, but for result files; else ``unknown``."""
    try:
        head = _git("rev-parse", "HEAD")
        # The benchmark before this one has just written its own result.
        changed = _git("status", "--porcelain", "--", ".", ":(exclude)benchmarks/results")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head}-dirty" if changed else head


def cpu_model() -> str:
    """The CPU's own name where the system tells it."""
    if _CPUINFO.is_file():
        for line in _CPUINFO.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
