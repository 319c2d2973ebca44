"""The console command: registers one file per command and turns errors into one clear line."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from cli import demo, encoder, evaluate, index, node, search
from records import AisleError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def build_app() -> typer.Typer:
    """The command tree of ``aisle``."""
    app = typer.Typer(
        name="aisle",
        help="Search and recommendation for product catalogues on OpenSearch.",
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
    )
    app.command()(demo.demo)
    for command in (node.up, node.down, node.status, node.logs):
        app.command()(command)
    app.add_typer(encoder.app, name="encoder")
    app.command()(index.index)
    app.command()(search.search)
    app.command("eval")(evaluate.evaluate)
    return app


def main() -> None:
    """Entry point of the ``aisle`` command: exit code 0, 1 (an AisleError), 2 (usage) or 130 (Ctrl-C)."""
    try:
        build_app()()
    except AisleError as error:
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        console.print(f"error: {error.message}", style="red", markup=False)
        console.print(f"fix: {error.fix}", markup=False)
        sys.exit(EXIT_FAILED)
    except KeyboardInterrupt:
        Console(stderr=True).print("interrupted: nothing live was changed")
        sys.exit(EXIT_INTERRUPTED)
