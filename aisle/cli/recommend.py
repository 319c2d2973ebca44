"""``aisle recommend``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import aisle
from aisle._printable import printable, shortened
from aisle.cli.console import EXIT_FAILED, JsonOption, print_json


def recommend(
    name: Annotated[
        str, typer.Option("--name", "-n", help="Recommender: its artifact's name, path or fingerprint.")
    ],
    history: Annotated[
        list[str] | None,
        typer.Option(help="Ids that the user took, oldest first, with commas between them; or repeat it."),
    ] = None,
    size: Annotated[int, typer.Option("--size", "-k", min=1, help="Items to recommend.")] = 10,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Ids that are not to come up, with commas; or repeat it.")
    ] = None,
    exclude_bought: Annotated[
        bool, typer.Option("--exclude-bought/--repeatable", help="Leave out what is in the history.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Recommend items for a history, and say why.

    Ids that the recommender does not know are skipped and named.

    Examples:

        aisle recommend --name shop --history drill-18v,bits-19

        aisle recommend --name shop --history drill-18v --exclude case-18v --size 5 --json

        aisle recommend --name shop
    """
    found = aisle.open_recommender(name).recommend(
        _ids(history), size=size, exclude=_ids(exclude), exclude_bought=exclude_bought
    )
    if as_json:
        print_json(found.to_json())
    else:
        console = Console()
        table = Table("", "id", "title", "because", "score")
        for item in found.items:
            because = found.titles.get(item.because or "") or item.because or "many buy it"
            cells = shortened(item.id, 40), shortened(item.title, 70), shortened(because, 50)
            table.add_row(str(item.rank), *cells, f"{item.score:.4f}")
        console.print(table, markup=False)
        if found.unknown:
            shown = ", ".join(printable(item) for item in found.unknown[:10])
            more = f" and {len(found.unknown) - 10:,} more" if len(found.unknown) > 10 else ""
            console.print(f"skipped, as unknown: {shown}{more}", markup=False, highlight=False)
    if not found.items:
        raise typer.Exit(EXIT_FAILED)


def _ids(given: list[str] | None) -> list[str]:
    return [item.strip() for part in given or () for item in part.split(",") if item.strip()]
