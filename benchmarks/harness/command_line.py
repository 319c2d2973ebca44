"""What the benchmarks' commands share: one way to fail, and trials that cannot overwrite results."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from aisle.errors import AisleError, InputError
from benchmarks.harness.result_file import BenchmarkResult

RESULTS = Path(__file__).parent.parent / "results"

LimitOption = Annotated[
    int | None, typer.Option("--limit", min=1, help="A trial with the first N products. Needs --out.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="Folder for the result file. Default: benchmarks/results.")
]


def run_command(function: Callable[..., None]) -> None:
    """Run a typer-style function as this process's command; an AisleError is one line and exit code 1."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")
    app.command()(function)
    try:
        app()
    except AisleError as error:
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        console.print(f"error: {error.message}", style="red", markup=False)
        console.print(f"fix: {error.fix}", markup=False)
        sys.exit(1)


def results_folder(out: Path | None, *, trial: bool) -> Path:
    """Where the result goes.

    Raises:
        InputError: a trial that would overwrite the project's own results.
    """
    if out is None and trial:
        raise InputError(
            "a trial must not overwrite benchmarks/results", fix="name a folder, as in --out /tmp/trial"
        )
    return out or RESULTS


def finish(result: BenchmarkResult, folder: Path) -> None:
    """Write the result and print its goals. A goal that is missed is a finding and no failure."""
    path = folder / f"{result.benchmark}.json"
    result.write(path)
    for goal in result.goals:
        print(f"{'met   ' if goal.met else 'MISSED'} {goal.name}: {goal.value:.4g} (goal {goal.goal:g})")
    print(f"wrote {path}")


def say(line: str) -> None:
    """Progress, on standard error."""
    print(line, file=sys.stderr, flush=True)
