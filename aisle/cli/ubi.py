"""``aisle ubi``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import aisle
from aisle._printable import printable
from aisle._ubi import USUAL_LEAST_SHOWN, Method, SimulationOptions
from aisle.cli.console import JsonOption, notice, print_json, progress_console

app = typer.Typer(no_args_is_help=True)

_FEW_MOVED = 0.05
_USUAL = SimulationOptions()
_FOLDER = Annotated[Path, typer.Argument(help="Folder to write; must not exist.", show_default=False)]
_LEAST = Annotated[
    int, typer.Option("--least-shown", min=1, help="An item is judged if it was shown so often.")
]


@app.callback()
def ubi() -> None:
    """What shoppers did (User Behavior Insights): judgments, popular queries, rates of items.

    Examples:

        aisle ubi export clicks

        aisle ubi prune --days 90

        aisle ubi simulate simulated
    """


@app.command()
def export(
    folder: _FOLDER,
    method: Annotated[
        Method,
        typer.Option(help="ips: inverse propensity; coec: clicks over expected clicks; ctr: no correction."),
    ] = Method.IPS,
    least_shown: _LEAST = USUAL_LEAST_SHOWN,
    application: Annotated[str | None, typer.Option(help="Only what this application asked.")] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Folder with ubi_queries.jsonl and ubi_events.jsonl. Default: the cluster."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make judgments of clicks, corrected for where items stood; popular queries; rates of items.

    The folder has queries.jsonl and qrels/train.tsv (grade 1 is average), popular.csv for
    `aisle index --queries`, and items.jsonl for `aisle update`.

    Examples:

        aisle ubi export clicks

        aisle ubi export clicks --from simulated --method coec --json
    """
    with progress_console().status("reading events"):
        found = aisle.export_ubi(
            folder, method=method, least_shown=least_shown, application=application, source=source
        )
    if found.moved < _FEW_MOVED:
        notice(
            f"{found.moved:.0%} of the items were shown at several positions for a query: a position's share"
            " of the clicks can hardly be told from an item's"
        )
    for reason, count in found.passed_over.items():
        notice(f"{count:,} {reason}")
    if as_json:
        print_json(found.to_json())
        return
    Console(highlight=False, soft_wrap=True).print(
        f"{found.judgments:,} judgments of {found.queries:,} queries, {found.popular:,} popular queries,"
        f" {found.items:,} items: {printable(str(found.folder))}",
        markup=False,
    )


@app.command()
def prune(
    days: Annotated[int, typer.Option(min=0, help="Keep what is not older.", show_default=False)],
    application: Annotated[
        str | None, typer.Option(help="Only what this application asked. Default: all.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Delete queries and events that are older, for good.

    Examples:

        aisle ubi prune --days 90

        aisle ubi prune --days 30 --application shop --json
    """
    with progress_console().status("deleting"):
        deleted = aisle.prune_ubi(days, application=application)
    if as_json:
        print_json({"deleted": dict(deleted)})
        return
    for index, number in deleted.items():
        typer.echo(f"{index}: {number:,} deleted")


@app.command()
def simulate(
    folder: _FOLDER,
    searches: Annotated[int, typer.Option(min=1, help="How many.")] = _USUAL.searches,
    bias: Annotated[
        float, typer.Option(help="Position p is looked at with probability 1 / p^BIAS.")
    ] = _USUAL.bias,
    noise: Annotated[
        float, typer.Option(help="How far the ranking is from the truth, in grades.")
    ] = _USUAL.noise,
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn.")] = _USUAL.seed,
    least_shown: _LEAST = USUAL_LEAST_SHOWN,
    as_json: JsonOption = False,
) -> None:
    """Let shoppers click by a known model, and hold what their clicks say to the truth. No cluster is asked.

    Examples:

        aisle ubi simulate simulated --searches 20000

        aisle ubi simulate simulated --bias 0.5 --seed 3 --json
    """
    options = SimulationOptions(searches=searches, bias=bias, noise=noise, seed=seed)
    with progress_console().status("searching and clicking"):
        found = aisle.simulate_ubi(folder, options, least_shown=least_shown)
    if as_json:
        print_json(found.to_json())
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{found.searches:,} searches, {found.clicks:,} clicks: {printable(str(found.folder))}", markup=False
    )
    table = Table("method", "pairs", "agreement with the truth", "position bias left")
    for row in found.methods:
        table.add_row(row.method, f"{row.pairs:,}", f"{row.agreement:.3f}", f"{row.position_bias:+.3f}")
    console.print(table)
