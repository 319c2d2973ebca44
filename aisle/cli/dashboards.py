"""``aisle dashboards``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import aisle
from aisle._dashboards import USUAL_URL
from aisle.cli.console import CatalogueOption, JsonOption, print_json

app = typer.Typer(no_args_is_help=True)


@app.callback()
def dashboards() -> None:
    """Boards of OpenSearch Dashboards: searches, quality, releases, shoppers.

    Examples:

        aisle dashboards import

        aisle dashboards record report.json --name shop
    """


@app.command("import")
def import_(
    url: Annotated[
        str, typer.Option(envvar="AISLE_DASHBOARDS_URL", help="Where Dashboards answers.")
    ] = USUAL_URL,
    as_json: JsonOption = False,
) -> None:
    """Put Aisle's boards into Dashboards, in place of those that are there.

    User, password and certificates are those of the cluster (AISLE_USER, AISLE_PASSWORD, AISLE_CA_FILE).

    Examples:

        aisle dashboards import

        aisle dashboards import --url https://dashboards.example:5601
    """
    found = aisle.import_dashboards(url)
    if as_json:
        print_json(found.to_json())
    else:
        _say(f"{found.objects} saved objects at {found.url}")


@app.command()
def record(
    report: Annotated[
        Path, typer.Argument(help="What aisle eval, index or watch wrote with --json.", show_default=False)
    ],
    name: CatalogueOption,
    at: Annotated[
        datetime | None, typer.Option(help="When it was measured, UTC. Default: now.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Note what a report says, for the boards of quality, releases and the watch.

    Examples:

        aisle dashboards record report.json --name shop

        aisle dashboards record monday.json --name shop --at 2026-11-30T06:00:00
    """
    added = aisle.record_report(name, report, at=at)
    if as_json:
        print_json({"observations": added})
    else:
        _say(f"{added} observations of {name}")


def _say(line: str) -> None:
    Console(highlight=False, soft_wrap=True).print(line, markup=False)
