"""``aisle train item-to-item``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import aisle
from aisle._recommend import USUAL_ENCODER, parse_columns
from aisle.cli.console import JsonOption, print_json, progress_console
from aisle.cli.training import (
    Catalogue,
    Columns,
    Every,
    Name,
    Orders,
    Out,
    Seed,
    artifact_store,
    ignore_case_option,
    products_option,
    training_progress,
)


def item_to_item(
    data: Orders,
    catalogue: Catalogue = None,
    name: Name = "item-to-item",
    encoder: Annotated[
        str, typer.Option(help="Encoder artifact that reads the items' texts; none leaves them out.")
    ] = USUAL_ENCODER,
    columns: Columns = None,
    products: Annotated[str, products_option()] = "",
    ignore_case: Annotated[bool, ignore_case_option()] = False,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the items.", show_default="40")
    ] = None,
    seed: Seed = 7,
    out: Out = None,
    progress_every: Every = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Train two heads on what is ordered together: what sells with an item, and what is like it.

    Orders are a table with a line for each item of an order: which order, which item, when. New items have
    neighbours by their content, without another training.

    Examples:

      aisle train item-to-item --data orders.csv --catalogue products.csv --name shop

      aisle train item-to-item --data orders.csv --name shop --map basket=Invoice --map item=SKU

      aisle train item-to-item --data shop-data --name shop --json
    """
    with training_progress(progress_console(), progress_every) as progress:
        report = aisle.train_item_to_item(
            data,
            catalogue=catalogue,
            name=name,
            encoder=None if encoder == "none" else encoder,
            columns=parse_columns(columns or ()),
            products=products,
            ignore_case=ignore_case,
            epochs=epochs,
            seed=seed,
            store=artifact_store(out),
            progress=progress,
        )
    if as_json:
        print_json(report.to_json())
        return
    console = Console(highlight=False)
    if report.figures:
        metrics = tuple(next(iter(report.figures.values())))
        table = Table(f"of {report.chosen_on:,} latest baskets", *metrics)
        for system, figures in report.figures.items():
            table.add_row(system, *(f"{figures[metric]:.4f}" for metric in metrics))
        console.print(table)
        console.print(f"counts have weight {report.counts_weight:g}, chosen on these", markup=False)
    else:
        usual = f"it is the usual one, {report.counts_weight:g}; {report.enough:,} baskets choose it"
        console.print(f"{report.baskets:,} baskets are too few to choose the weight of counts: {usual}")
    if report.divergence.by_chance < 0.5:
        shared = f"{report.divergence.overlap:.0%} in common ({report.divergence.by_chance:.0%} by chance)"
        console.print(f"the heads' first 50 items have {shared}", markup=False)
    console.print(f"artifact {report.artifact.path}", markup=False)
    console.print(f"ask it: aisle similar ID --name {name}", markup=False)
    console.print(f"index with it: aisle index CATALOGUE --name {name} --item-to-item {name}", markup=False)
