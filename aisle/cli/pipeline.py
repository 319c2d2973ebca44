"""``aisle pipeline``: from a shop's data to the live release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

import aisle
from aisle._pipeline import write_example
from aisle._printable import printable
from aisle.cli.console import EXIT_FAILED, JsonOption, ends_on_sigterm, print_json, progress_console
from aisle.cli.training import Every, training_progress

if TYPE_CHECKING:
    from aisle._pipeline import PipelineReport

app = typer.Typer(no_args_is_help=True)

_FILE = Annotated[Path, typer.Argument(help="What is made of what, as TOML.")]


@app.callback()
def pipeline() -> None:
    """From a shop's data to the live release in one command, for a scheduler or CI.

    Examples:

        aisle pipeline init

        aisle pipeline run --dry-run

        aisle pipeline run
    """


@app.command()
def run(
    file: _FILE = Path("pipeline.toml"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done and why; change nothing.")
    ] = False,
    again: Annotated[
        list[str] | None,
        typer.Option("--again", metavar="STEP", help="Do a step though nothing changed; repeat for several."),
    ] = None,
    progress_every: Every = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Prepare, train, export, index, evaluate, gate, promote: every step of which something has changed.

    Ends with 1 if the gate stops the release; what is live is as it was then. After an error or a crash the
    same command goes on where that was.

    Examples:

        aisle pipeline run

        aisle pipeline run shop.toml --dry-run

        aisle pipeline run shop.toml --again index --json
    """
    with ends_on_sigterm(), training_progress(progress_console(), progress_every) as progress:
        done = aisle.run_pipeline(file, dry_run=dry_run, again=again or (), progress=progress)
    if as_json:
        print_json(done.to_json())
    else:
        print_report(done, Console())
    if done.stopped:
        raise typer.Exit(EXIT_FAILED)


@app.command()
def init(file: _FILE = Path("pipeline.toml")) -> None:
    """Write a commented file to begin with. What is there already is not overwritten.

    Examples:

        aisle pipeline init

        aisle pipeline init nightly.toml
    """
    written = write_example(file)
    Console().print(f"wrote {written}; edit it, then: aisle pipeline run {written} --dry-run", markup=False)


def print_report(done: PipelineReport, console: Console) -> None:
    """A line for each step, and what is live."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("step", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for one in done.steps:
        seconds = f"{one.seconds:.1f}" if one.seconds else ""
        table.add_row(
            one.step, one.state.value, seconds, printable("; ".join(filter(None, (one.why, one.note))))
        )
    console.print(table)
    if done.dry_run:
        return
    if done.stopped:
        said = f"{done.stopped}; what is live is as it was: {done.work / 'gate.md'}"
    else:
        said = f"{done.live} is live"
    console.print(printable(said), markup=False, highlight=False, soft_wrap=True)
