"""``aisle check``: measure what is live."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

import aisle
from aisle._check_vectors import USUAL_LOST, USUAL_RECALL, USUAL_SAMPLE
from aisle._printable import printable
from aisle.cli.console import JsonOption, print_json

if TYPE_CHECKING:
    from aisle._check_vectors import VectorCheck

app = typer.Typer(no_args_is_help=True)


@app.callback()
def check() -> None:
    """Measure what is live, for a person or a gate.

    Examples:

        aisle check vectors shop
    """


def vector_lines(found: VectorCheck) -> Iterator[str]:
    """A check as lines for people."""
    yield f"{found.release}: {found.vectors:,} of {found.items:,} items have a vector"
    yield f"  kept as {found.kept_as} of {found.dims} dimensions, engine {found.engine}"
    if found.same_text is not None:
        yield f"  items whose text another has already: {found.same_text:,}"
    yield f"  of {found.sample} asked by their own vector, not found: {found.lost}"
    yield f"  of the exact neighbours found: {found.recall_10:.3f} of 10, {found.recall_100:.3f} of 100"
    yield f"  values clipped: {found.clipped:.2%}"


@app.command()
def vectors(
    name: Annotated[
        str, typer.Argument(help="Name of the catalogue, such as shop, or one release.", show_default=False)
    ],
    sample: Annotated[
        int, typer.Option(min=1, max=10_000, help="Items to ask with, drawn by chance.")
    ] = USUAL_SAMPLE,
    seed: Annotated[int, typer.Option(help="Another one draws other items.")] = 0,
    least_recall: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the exact neighbours that must be found.")
    ] = USUAL_RECALL,
    most_lost: Annotated[
        float, typer.Option(min=0, max=1, help="Share of items that their own vector may not find.")
    ] = USUAL_LOST,
    as_json: JsonOption = False,
) -> None:
    """Compare what the graph of a live release finds with exact search, on a sample of its own vectors.

    Ends with exit code 1 if a limit is not kept. Exact search compares all vectors for each of the sample.

    Examples:

        aisle check vectors shop

        aisle check vectors shop --sample 500 --least-recall 0.97 --json
    """
    found = aisle.check_vectors(
        name, sample=sample, seed=seed, least_recall=least_recall, most_lost=most_lost
    )
    if as_json:
        print_json(found.to_json())
    else:
        for line in vector_lines(found):
            typer.echo(printable(line))
    found.require()
