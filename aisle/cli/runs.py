"""``aisle runs``: trainings on record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

import aisle
from aisle._printable import printable
from aisle._runs import USUAL_RUNS
from aisle.cli.console import JsonOption, print_json
from aisle.errors import InputError

app = typer.Typer(no_args_is_help=True)


@app.callback()
def runs() -> None:
    """Trainings on record in MLflow, where AISLE_TRACKING is on. Needs the extra `mlflow`.

    Examples:

        AISLE_TRACKING=on aisle train encoder --data judged --name shop

        aisle runs list
    """


@app.command("list")
def list_all(
    kind: Annotated[str | None, typer.Option(help="Only what was trained of this kind: encoder, ...")] = None,
    size: Annotated[int, typer.Option(min=1, max=10_000, help="Not more than so many.")] = USUAL_RUNS,
    as_json: JsonOption = False,
) -> None:
    """List trainings, the newest first, with what came of them and their figures.

    Examples:

        aisle runs list

        aisle runs list --kind encoder --json
    """
    found = aisle.list_runs(kind=kind, size=size)
    if as_json:
        print_json([one.to_json() for one in found])
        return
    if not found:
        Console().print("no training is on record: set AISLE_TRACKING=on, and train")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for column in ("run", "began"):
        table.add_column(column, no_wrap=True)
    for column in ("training", "", "artifact", "figures"):
        table.add_column(column, overflow="fold")
    for one in found:
        began = datetime.fromtimestamp(one.began, UTC).isoformat(" ", "minutes")[:16]
        state = ", ".join(one.aliases) or ("" if one.status == "FINISHED" else one.status.lower())
        figures = ", ".join(f"{name} {value:.4g}" for name, value in one.metrics.items() if "/" not in name)
        table.add_row(one.id[:8], began, printable(one.name), state, printable(one.artifact), figures)
    Console().print(table)


@app.command()
def champion(
    ref: Annotated[
        str | None, typer.Argument(help="Fingerprint of an artifact, or id of a run.", show_default=False)
    ] = None,
    live: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="All that the live release of this catalogue is served with."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Name what is in use: the champion of its kind and name. What was trained last is the challenger.

    With AISLE_TRACKING on, promote, rollback and an index that goes live do it by themselves.

    Examples:

        aisle runs champion 04f1c8c27f6e

        aisle runs champion --live shop
    """
    if (ref is None) is (live is None):
        raise InputError(
            "either one training or a live catalogue", fix="give a fingerprint, or --live and a name"
        )
    named = (aisle.name_champion(str(ref)),) if live is None else aisle.name_live_champions(live)
    if not named:
        raise InputError(
            f"nothing that {live} is served with is on record",
            fix="train with AISLE_TRACKING=on, and index with what was trained",
        )
    if as_json:
        print_json([one.to_json() for one in named])
        return
    for one in named:
        Console().print(f"{printable(one.artifact)} is the champion", markup=False, highlight=False)
