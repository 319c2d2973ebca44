"""Options that several commands share, and how they print JSON."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from aisle._printable import printable
from aisle.errors import AisleError, ArtifactNotFound, IndexNotFound, InputError
from aisle.types import CatalogueWarning, CountProgress

if TYPE_CHECKING:
    from aisle.mappings.vector_types import VectorChoice

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


def print_notes(console: Console, lines: Iterable[str]) -> None:
    """What an answer says of itself, below it."""
    for line in lines:
        console.print(printable(line), style="dim", markup=False, highlight=False, soft_wrap=True)


def needs_an_index(what: str, missing: AisleError | None) -> InputError:
    """The error for options that only an index can answer.

    Args:
        what: needs which index.
        missing: why there is none.
    """
    why = f": {missing.message}" if missing else ""
    return InputError(f"{what}{why}", fix=missing.fix if missing else "index the catalogue with one")


def neither_answers(missing: AisleError | None, none: ArtifactNotFound) -> ArtifactNotFound:
    """The error for a name that no index can answer by, and no artifact goes by.

    Args:
        missing: why no index answers.
        none: of the artifact.
    """
    if missing is None:
        return none
    fix = none.fix if isinstance(missing, IndexNotFound) else f"{none.fix}; or {missing.fix}"
    return ArtifactNotFound(f"{none.message}, and {missing.message}", fix=fix)


def print_choices(console: Console, choices: Sequence[VectorChoice]) -> None:
    """What vectors were chosen from to keep within a budget, a line each."""
    for way in choices:
        console.print(
            f"    {way.kept_as.value}, {way.dims} dimensions: {way.bytes} bytes, recall@10 {way.recall:.3f}"
            " of full vectors in a sample",
            highlight=False,
            soft_wrap=True,
        )


def progress_console() -> Console:
    """Where progress goes: standard error, so that standard output stays the result."""
    return Console(stderr=True)


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


def notice(message: Warning | str, category: type[Warning] = UserWarning, *_: object, **__: object) -> None:
    """A warning as one line on standard error, without the place in the code that it comes from."""
    word = "warning" if issubclass(category, CatalogueWarning) else "note"
    Console(stderr=True, soft_wrap=True, highlight=False).print(
        f"{word}: {printable(str(message))}", markup=False
    )


@contextmanager
def ends_on_sigterm() -> Iterator[None]:
    """SIGTERM, by which a scheduler or a container ends a command, ends it as Ctrl-C does: tidily."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
