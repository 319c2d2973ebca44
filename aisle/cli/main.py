"""The console command: turns errors into one clear line."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated

import typer
from rich.console import Console

from aisle._printable import printable
from aisle._version import __version__
from aisle.cli.commands import CommandGroup
from aisle.cli.console import EXIT_FAILED, notice
from aisle.errors import AisleError

EXIT_INTERRUPTED = 130


def say_version(wanted: bool) -> None:
    """Print it and end, if it is wanted."""
    if wanted:
        typer.echo(f"aisle {__version__}")
        raise typer.Exit


def build_app() -> typer.Typer:
    """The command tree of ``aisle``."""
    app = typer.Typer(
        cls=CommandGroup,
        name="aisle",
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        # Inherited by every command.
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(aisle)
    return app


def aisle(
    version: Annotated[
        bool, typer.Option("--version", callback=say_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Search and recommendation for product catalogues on OpenSearch.

    Examples:

        aisle demo

        aisle try products.csv

        aisle up

        aisle index products.csv --name shop --map title=name

        aisle search "cordless drill" --name shop
    """


def main() -> None:
    """Entry point of the ``aisle`` command: exit code 0, 1 (an AisleError), 2 (usage) or 130 (Ctrl-C)."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = notice
            build_app()()
    except AisleError as error:
        fail(error.message, error.fix)
    except OSError as error:
        # A disk that is full, a folder that is closed: no command can go on, and none can say it better.
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        fail(printable(what), "check that it exists and may be used, and that its disk has room")
    except KeyboardInterrupt:
        interrupted()
    except SystemExit as ended:
        # How typer ends a command that is interrupted: without a word.
        if ended.code == EXIT_INTERRUPTED:
            interrupted()
        raise


def fail(what: str, fix: str) -> None:
    """Say it on standard error and end."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(f"error: {what}", style="red", markup=False)
    console.print(f"fix: {fix}", markup=False)
    sys.exit(EXIT_FAILED)


def interrupted() -> None:
    """Say so and end."""
    Console(stderr=True, soft_wrap=True).print(
        "interrupted: nothing unfinished is live; go on with --resume where the command has it,"
        " else run it again"
    )
    sys.exit(EXIT_INTERRUPTED)
