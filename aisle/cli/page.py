"""The page of a catalogue, at the end of a command that made it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

import aisle
from aisle._serve import fetch_page
from aisle.errors import MissingExtra

if TYPE_CHECKING:
    from aisle.cluster import Cluster

PageOption = Annotated[
    bool, typer.Option("--page/--no-page", help="Show the catalogue in a browser at the end, or not.")
]


def show_page(console: Console, name: str, cluster: Cluster) -> None:
    """Serve a catalogue's page until Ctrl-C; where nobody sits at a terminal, fetch it once.

    Raises:
        AisleError: as `aisle.serve`.
    """
    console.print()
    try:
        if sys.stdin.isatty() and sys.stdout.isatty():
            aisle.serve(
                name,
                port=0,
                page=True,
                log_level="warning",
                cluster=cluster,
                say=lambda address: console.print(f"Look at it in a browser: {address}   (Ctrl-C ends)"),
            )
        else:
            shown = fetch_page(name, cluster=cluster)
            console.print(f"Its page was served and shows: {shown}", markup=False, highlight=False)
    except MissingExtra as missing:
        console.print(f"To see it in a browser: {missing.fix}", markup=False, highlight=False)
