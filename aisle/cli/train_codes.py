"""``aisle train codes``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

import aisle
from aisle._codes import parse_sizes
from aisle._printable import printable
from aisle._recommend import USUAL_ENCODER, parse_columns
from aisle.cli.console import JsonOption, print_json, progress_console
from aisle.cli.training import Catalogue, Columns, Every, Name, Out, Seed, artifact_store, training_progress

if TYPE_CHECKING:
    from aisle.training.semantic_ids.job import TrainedCodes


class MethodChoice(StrEnum):
    """``--method`` of codes."""

    KMEANS = "kmeans"
    RQVAE = "rqvae"


class StartChoice(StrEnum):
    """``--start`` of codebooks."""

    KMEANS = "kmeans"
    RANDOM = "random"


def codes(
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            help="Orders or events (CSV, JSON, XLSX, Parquet), or a folder with them and a catalogue.",
        ),
    ] = None,
    catalogue: Catalogue = None,
    name: Name = "codes",
    encoder: Annotated[
        str, typer.Option(help="Encoder artifact that reads the items' texts; none leaves them out.")
    ] = USUAL_ENCODER,
    sizes: Annotated[
        str | None,
        typer.Option(help="Codes of each level, coarsest first.", show_default="256,256,256,256, or fewer"),
    ] = None,
    method: Annotated[
        MethodChoice, typer.Option(help="k-means on what each level leaves, or an RQ-VAE.")
    ] = MethodChoice.KMEANS,
    text_weight: Annotated[
        float, typer.Option(min=0, help="Weight of texts in the distance of two items; 0 leaves them out.")
    ] = 1.0,
    co_purchase_weight: Annotated[
        float, typer.Option(min=0, help="Weight of what is bought with an item; 0 leaves it out.")
    ] = 0.5,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of an RQ-VAE.")] = 60,
    start: Annotated[
        StartChoice, typer.Option(help="What the codebooks of an RQ-VAE begin as.")
    ] = StartChoice.KMEANS,
    columns: Columns = None,
    seed: Seed = 7,
    out: Out = None,
    progress_every: Every = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Give every item a semantic ID: codes from coarse to fine, of its text and of what is bought with it.

    Items with a prefix of codes in common are alike. No two items have all codes in common.

    Examples:

      aisle train codes --catalogue products.csv --name shop

      aisle train codes --data orders.csv --catalogue products.csv --name shop --encoder my-encoder

      aisle train codes --data shop-data --name shop --sizes 64,64,64,64

      aisle train codes --data shop-data --name rival --method rqvae --start random --json
    """
    with training_progress(progress_console(), progress_every) as progress:
        trained = aisle.train_codes(
            data,
            catalogue=catalogue,
            name=name,
            encoder=None if encoder == "none" else encoder,
            sizes=parse_sizes(sizes) if sizes else None,
            method=method.value,
            text_weight=text_weight,
            co_purchase_weight=co_purchase_weight,
            epochs=epochs,
            start=start.value,
            columns=parse_columns(columns or ()),
            seed=seed,
            store=artifact_store(out),
            progress=progress,
        )
    if as_json:
        print_json(trained.to_json())
    else:
        _print_codes(trained, Console(highlight=False))


_PRINTED_LABELS = 5


def _print_codes(trained: TrainedCodes, console: Console) -> None:
    report = trained.report
    table = Table("level", "codes", "utilisation", "perplexity / size", "prefixes", "items that share theirs")
    for level in report.levels:
        table.add_row(
            str(level.level),
            f"{level.size:,}",
            f"{level.utilisation:.2f}",
            f"{level.perplexity:.2f}",
            f"{level.prefixes:,}",
            f"{level.sharing:.1%}",
        )
    console.print(table)
    console.print(
        f"{report.colliding:.1%} of {report.items:,} items shared all codes; {report.moved:.1%} got others,"
        f" and {report.colliding_after:.1%} share theirs now",
        markup=False,
    )
    for pair in report.affinity[:2]:
        console.print(
            f"what is bought in a row has {pair.length} of its codes in common {pair.share:.1%} of the time,"
            f" {pair.lift:.1f} times as often as by chance",
            markup=False,
        )
    for label in trained.labels[:_PRINTED_LABELS]:
        words = printable(", ".join(label.words))
        console.print(f"{'-'.join(map(str, label.prefix))}: {label.items:,} items, {words}", markup=False)
    console.print(f"artifact {trained.artifact.path}", markup=False)
