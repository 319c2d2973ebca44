"""``aisle adapt``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

import aisle
from aisle._printable import printable
from aisle.cli.console import JsonOption, print_json, progress_console
from aisle.cli.training import Every, Name, Out, Seed, artifact_store, training_progress
from aisle.errors import InputError

if TYPE_CHECKING:
    from aisle.training.adaptation.job import Adapted

_PAIRS = "Pairs"
_TRAINING = "Training"

app = typer.Typer(invoke_without_command=True)


@app.callback()
def adapt(
    context: typer.Context,
    describe: Annotated[
        str | None,
        typer.Option("--describe", help="What is sold and how people ask, in a few lines of any language."),
    ] = None,
    catalogue: Annotated[
        str | None,
        typer.Option(help="Catalogue that the encoder is for. Default: items invented from the description."),
    ] = None,
    name: Name = "adapted",
    queries: Annotated[
        int, typer.Option(min=1, help="Queries to make, before the filter.", rich_help_panel=_PAIRS)
    ] = 20_000,
    pairs: Annotated[
        Path | None,
        typer.Option(help="New folder to keep the pairs in as judgments.", rich_help_panel=_PAIRS),
    ] = None,
    llm: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Endpoint of OpenAI's chat completions, local or hosted, that writes queries too: it is sent"
            " the description and texts of 300 items. Default: nothing is sent.",
            rich_help_panel=_PAIRS,
        ),
    ] = None,
    llm_model: Annotated[
        str,
        typer.Option(help="As the endpoint calls it. Its key: AISLE_LLM_KEY.", rich_help_panel=_PAIRS),
    ] = "",
    base: Annotated[
        str,
        typer.Option(
            "--base",
            help="What to begin with: a model, or the name of an `aisle train` run.",
            rich_help_panel=_TRAINING,
        ),
    ] = "all-MiniLM-L6-v2",
    head_only: Annotated[
        bool,
        typer.Option(
            "--head-only", help="Train a linear head alone: minutes, for less.", rich_help_panel=_TRAINING
        ),
    ] = False,
    work: Annotated[
        Path | None,
        typer.Option(help="Work folder. Default: training/NAME under AISLE_HOME.", rich_help_panel=_TRAINING),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Continue the training in the work folder.", rich_help_panel=_TRAINING),
    ] = False,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure/--no-measure",
            help="Compare INT8 with fp32 after training.",
            rich_help_panel=_TRAINING,
        ),
    ] = True,
    seed: Seed = 7,
    out: Out = None,
    progress_every: Every = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Adapt an encoder to a domain without judgments: by a few lines about it and its catalogue.

    Queries are made of titles and attributes in the style that the description tells of: short or long
    ones, with brands, colours, sizes, part numbers, questions or typos ("no typos": without). Those that find
    their item teach the encoder. Needs the extra `train`.

    Examples:

      aisle adapt --describe "power tools; short queries with brands" --catalogue products.csv --name tools

      aisle adapt --describe "$(cat shop.txt)" --catalogue products.csv --head-only --pairs made

      aisle adapt --describe "toys" --catalogue toys.csv --llm http://localhost:11434/v1 --llm-model qwen3
    """
    if context.invoked_subcommand is not None:
        return
    if describe is None:
        raise InputError(
            "there is no description", fix='say what is sold: --describe "power tools; short queries"'
        )
    with training_progress(progress_console(), progress_every) as progress:
        adapted = aisle.adapt(
            describe,
            catalogue=catalogue,
            name=name,
            base=base,
            queries=queries,
            head_only=head_only,
            llm=llm,
            llm_model=llm_model,
            pairs=pairs,
            work=work,
            resume=resume,
            seed=seed,
            measure=measure,
            store=artifact_store(out),
            progress=progress,
        )
    if as_json:
        print_json(adapted.to_json())
    else:
        _print(adapted, Console(highlight=False))


def _print(adapted: Adapted, console: Console) -> None:
    made = adapted.pairs
    table = Table("query", "made of")
    for query, title in made.examples:
        table.add_row(printable(query), printable(title))
    console.print(table)
    console.print(
        f"{made.kept:,} of {made.made:,} queries find their item; trained on {len(made.data.pairs):,} pairs"
        f" in {adapted.trained.seconds / 60:.1f} minutes"
    )
    console.print(f"artifact {adapted.exported.path}", markup=False)
    console.print(
        f"use it: aisle index DATA --name SHOP --encoder {adapted.exported.manifest.name}", markup=False
    )
