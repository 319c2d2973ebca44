"""Writes the figures of README.md and docs/**/*.md from benchmarks/results; with --check only compares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from aisle._files import whole_file
from aisle.errors import InputError
from benchmarks.command_line import RESULTS, run_command, say
from benchmarks.figure_blocks import rewrite
from benchmarks.figures import FIGURES
from benchmarks.result_file import read_result
from benchmarks.this_run import ROOT


def readme_figures(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail if a figure is stale.")
    ] = False,
    root: Annotated[
        Path | None, typer.Option(help="Folder with README.md and docs/. Default: this repository.")
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="Folder with result files. Default: benchmarks/results.")
    ] = None,
) -> None:
    """Draw every block between `figures:NAME` and `/figures` comments anew.

    Examples:

        python -m benchmarks.readme_figures

        python -m benchmarks.readme_figures --check
    """
    folder = results or RESULTS
    stale = {}
    for page in pages(root or ROOT):
        text = page.read_text(encoding="utf-8")
        fresh, old = rewrite(page.name, text, lambda name: figure(name, folder))
        if old:
            stale[page] = (fresh, old)
    if check and stale:
        named = ", ".join(f"{page.name}: {' and '.join(old)}" for page, (_, old) in stale.items())
        raise InputError(f"figures are stale ({named})", fix="run `make readme-figures`")
    for page, (fresh, old) in stale.items():
        with whole_file(page) as file:
            file.write(fresh.encode())
        say(f"{page.name}: {', '.join(old)}")


def pages(root: Path) -> Iterator[Path]:
    """The pages that may hold figures."""
    yield root / "README.md"
    yield from sorted((root / "docs").rglob("*.md"))


def figure(name: str, results: Path) -> str:
    """One figure's Markdown.

    Raises:
        InputError: no such figure, or its result file is missing or broken.
    """
    if name not in FIGURES:
        raise InputError(f"there is no figure {name!r}", fix=f"use one of {', '.join(FIGURES)}")
    return FIGURES[name].render(read_result(results / f"{FIGURES[name].benchmark}.json"))


if __name__ == "__main__":
    run_command(readme_figures)
