"""Options that several commands share, and how they print JSON."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from aisle.types import CountProgress

NameOption = Annotated[str, typer.Option("--name", "-n", help="Catalogue name, or one release.")]
CatalogueOption = Annotated[str, typer.Option("--name", "-n", help="Name of the catalogue.")]
EncoderOption = Annotated[
    str | None,
    typer.Option("--encoder", help="Encoder artifact (path, name or fingerprint). Default: the index's own."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


EXIT_FAILED = 1


def print_json(value: Any) -> None:
    """JSON on standard output, indented, one document."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def progress_console() -> Console:
    """Where progress goes: standard error, so that standard output stays the result."""
    return Console(stderr=True)


def printable(text: str) -> str:
    """The text with control characters spelled out: what a file or a query holds never steers a terminal."""
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)


@contextmanager
def query_progress() -> Iterator[CountProgress]:
    """A bar per system; yields a callback (system, queries done, queries in all)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=progress_console(), transient=True) as bars:
        tasks = {}

        def advance(system: str, done: int, total: int) -> None:
            if system not in tasks:
                tasks[system] = bars.add_task(system, total=total)
            bars.update(tasks[system], completed=done)

        yield advance


def notice(message: Warning | str, *_: object, **__: object) -> None:
    """A warning as one line on standard error, without the place in the code that it comes from."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(
        f"note: {printable(str(message))}", markup=False
    )
