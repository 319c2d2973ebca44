"""``aisle train router``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import aisle
from aisle._recommend import parse_columns
from aisle.cli.console import JsonOption, print_json, progress_console
from aisle.cli.training import Catalogue, Columns, Every, Orders, Out, Seed, artifact_store, training_progress


def router(
    data: Orders,
    recommender: Annotated[
        str, typer.Option(help="Recommender that it is for: its artifact's name, path or fingerprint.")
    ],
    codes: Annotated[
        str | None, typer.Option(help="Codes of the items, over whose prefixes the router leads.")
    ] = None,
    catalogue: Catalogue = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the artifact. Default: the recommender's.", show_default=False)
    ] = None,
    epochs: Annotated[
        int,
        typer.Option(
            min=1, help="Epochs over which the learning rate falls; fewer if the validation rises no more."
        ),
    ] = 16,
    columns: Columns = None,
    seed: Seed = 7,
    out: Out = None,
    progress_every: Every = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Train a sequence model beside a recommender: what comes next after a whole history, in its order.

    A router of the recommender's own name is used wherever that recommender is. Before users' last items it
    is trained once to choose epochs and weight, then again on everything.

    Examples:

      aisle train router --data orders.csv --recommender shop

      aisle train router --data shop-data --recommender shop --codes shop

      aisle train router --data shop-data --recommender shop --epochs 20 --json
    """
    with training_progress(progress_console(), progress_every) as progress:
        report = aisle.train_router(
            data,
            recommender=recommender,
            codes=codes,
            catalogue=catalogue,
            name=name,
            epochs=epochs,
            columns=parse_columns(columns or ()),
            seed=seed,
            store=artifact_store(out),
            progress=progress,
        )
    if as_json:
        print_json(report.to_json())
        return
    console = Console(highlight=False)
    metrics = tuple(report.without)
    table = Table(f"of {report.chosen_on:,} users' last items", *metrics)
    rows = (
        ("recommender", report.without),
        ("sequences", report.alone),
        (f"both, weight {report.trained.weight:g}", report.beside),
    )
    for label, means in rows:
        table.add_row(label, *(f"{means[metric]:.4f}" for metric in metrics))
    console.print(table)
    for label, share in report.prefixes.items():
        console.print(f"{label}: {share:.1%}", markup=False)
    console.print(f"trained for {report.epochs} epochs, as was best before them", markup=False)
    console.print(f"artifact {report.trained.artifact.path}", markup=False)
