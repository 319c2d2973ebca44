"""``aisle train preferences``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

import aisle
from aisle._recommend import parse_columns
from aisle.cli.console import JsonOption, print_json, progress_console
from aisle.cli.training import Catalogue, Columns, Every, Out, Seed, artifact_store, training_progress


def preferences(
    data: Annotated[
        str,
        typer.Option("--data", help="The orders or events that the recommender was made of, or later ones."),
    ],
    recommender: Annotated[str, typer.Option(help="Recommender artifact whose best items are ranked again.")],
    catalogue: Catalogue = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the artifact. Default: the recommender's.", show_default=False)
    ] = None,
    pool: Annotated[int, typer.Option(min=2, help="Best items of a request that are ranked again.")] = 200,
    epochs: Annotated[int, typer.Option(min=1, help="Times that every user is seen.")] = 12,
    beta: Annotated[
        float, typer.Option(help="How far the ranking may leave the recommender's: the less, the farther.")
    ] = 2.0,
    columns: Columns = None,
    seed: Seed = 0,
    out: Out = None,
    progress_every: Every = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Learn which of a recommender's best items users take, and rank them by it, within a bound.

    A fifth of the users are held out and choose the bound. If no bound helps them, nothing is kept and the
    command fails: the recommender is best as it is.

    Examples:

      aisle train preferences --data orders.csv --recommender shop

      aisle train preferences --data shop-data --recommender shop --pool 500 --json
    """
    with training_progress(progress_console(), progress_every) as progress:
        trained = aisle.train_preferences(
            data,
            recommender=recommender,
            catalogue=catalogue,
            name=name,
            pool=pool,
            epochs=epochs,
            beta=beta,
            columns=parse_columns(columns or ()),
            seed=seed,
            store=artifact_store(out),
            progress=progress,
        )
    if as_json:
        print_json(trained.to_json())
        return
    console = Console(highlight=False)
    learned, held_out = trained.users
    for metric in ("R@10", "N@10"):
        before, after = trained.metrics[f"{metric} base"], trained.metrics[metric]
        console.print(f"{metric} {before:.4f} -> {after:.4f}", markup=False)
    console.print(
        f"of {held_out:,} held-out users whose item was in their pool, {learned:,} were learned from; bound "
        f"{trained.settings.bound:g} deviations of a pool's scores",
        markup=False,
    )
    console.print(f"artifact {trained.artifact.path}", markup=False)
