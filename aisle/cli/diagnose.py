"""``aisle diagnose``: look at what was trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

import aisle
from aisle._diagnose import USERS
from aisle._printable import printable
from aisle._recommend import parse_columns
from aisle.cli.console import JsonOption, print_json, progress_console

if TYPE_CHECKING:
    from aisle._diagnose import DiagnosisFiles

app = typer.Typer(no_args_is_help=True)


@app.callback()
def diagnose() -> None:
    """Look at what was trained, and say where it is sound.

    Examples:

      aisle diagnose semantic-ids --data shop-data --name shop --out diagnosis
    """


@app.command("semantic-ids")
def semantic_ids(
    data: Annotated[
        str,
        typer.Option(
            "--data",
            help="Orders or events (CSV, JSON, XLSX, Parquet), or a folder with them and a catalogue.",
        ),
    ],
    name: Annotated[
        str,
        typer.Option("--name", "-n", help="Name of the artifacts: codes, recommender, router, preferences."),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the report; it is made.")] = Path("diagnosis"),
    codes: Annotated[str | None, typer.Option(help="Codes of another name.")] = None,
    recommender: Annotated[str | None, typer.Option(help="Recommender of another name.")] = None,
    catalogue: Annotated[
        str | None, typer.Option(help="Catalogue of the items. Default: the folder's.")
    ] = None,
    users: Annotated[int, typer.Option(min=1, help="Most users whose next item is looked for.")] = USERS,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="Column of orders, as in --map user=buyer; repeat for several."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Look at codes and at what channels find with them; write a report with plots.

    How full the levels are, what collides, whether a prefix means something, what each channel and all of
    them find for as many candidates, by popular and rare items, and how long it takes.

    Examples:

      aisle diagnose semantic-ids --data shop-data --name shop

      aisle diagnose semantic-ids --data orders.csv --catalogue products.csv --name shop --out report

      aisle diagnose semantic-ids --data shop-data --name shop --codes rival --json
    """
    console = progress_console()
    found = aisle.diagnose_semantic_ids(
        data,
        name=name,
        out=out,
        codes=codes,
        recommender=recommender,
        catalogue=catalogue,
        columns=parse_columns(columns or ()),
        users=users,
        seed=seed,
        progress=lambda line: console.print(line, markup=False),
    )
    if as_json:
        print_json({**found.diagnosis.to_json(), "folder": str(found.folder), "files": list(found.files)})
    else:
        _print(found, Console(highlight=False))


def _print(found: DiagnosisFiles, console: Console) -> None:
    diagnosis = found.diagnosis
    if diagnosis.codes is not None:
        table = Table("level", "utilisation", "perplexity / size", "items that share their prefix")
        for level in diagnosis.codes.levels:
            figures = f"{level.utilisation:.2f}", f"{level.perplexity:.2f}", f"{level.sharing:.1%}"
            table.add_row(f"{level.level} ({level.size:,})", *figures)
        console.print(table)
    if diagnosis.candidates is not None:
        budgets = diagnosis.candidates.budgets
        table = Table("channel", *(f"targets in {budget:,} candidates" for budget in budgets))
        for channel, shares in diagnosis.candidates.targets.by_budget(budgets).items():
            table.add_row(channel, *(f"{share:.3f}" for share in shares.values()))
        console.print(table)
    for what, why in diagnosis.missing.items():
        console.print(printable(f"not looked at: {what}: {why}"), markup=False)
    console.print(printable(f"report {found.folder / found.files[0]}"), markup=False)
