"""``aisle train recommender``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

import aisle
from aisle._printable import printable
from aisle._recommend import USUAL_ENCODER, parse_columns
from aisle.cli.console import JsonOption, print_json, progress_console
from aisle.cli.training import Catalogue, Columns, Name, Orders, Out, artifact_store


def recommender(
    data: Orders,
    catalogue: Catalogue = None,
    name: Name = "recommender",
    encoder: Annotated[
        str, typer.Option(help="Encoder artifact that reads the items' texts; none leaves them out.")
    ] = USUAL_ENCODER,
    columns: Columns = None,
    seed: Annotated[int, typer.Option(help="Of the draw of users on whom settings are chosen.")] = 0,
    out: Out = None,
    as_json: JsonOption = False,
) -> None:
    """Make a recommender of orders or events: what is bought after and with what, and texts. Needs no extra.

    Orders are a table with a row for each item that somebody took: who, what, when. A million take a minute.

    Examples:

      aisle train recommender --data orders.csv --catalogue products.csv --name shop

      aisle train recommender --data orders.csv --name shop --map user=Buyer --map item=SKU --encoder none

      aisle train recommender --data shop-data --name shop --json
    """
    with progress_console().status("reading") as status:
        report = aisle.train_recommender(
            data,
            catalogue=catalogue,
            name=name,
            encoder=None if encoder == "none" else encoder,
            columns=parse_columns(columns or ()),
            seed=seed,
            store=artifact_store(out),
            progress=status.update,
        )
    if as_json:
        print_json(report.to_json())
        return
    console = Console(highlight=False)
    console.print(printable(report.read), markup=False)
    chosen = f"chosen on {report.chosen_on:,} users" if report.chosen_on else "the usual ones: too few users"
    figures = ", ".join(f"{metric} {value:.4f}" for metric, value in report.metrics.items())
    console.print(f"settings are {chosen}{f' ({figures})' if figures else ''}", markup=False)
    console.print(f"artifact {report.artifact.path}", markup=False)
    console.print(f"use it: aisle recommend --name {name} --history ID,ID", markup=False)
