"""``aisle adapt``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

import aisle
from aisle._adapt import to_markdown
from aisle._printable import printable
from aisle.cli.console import EXIT_FAILED, JsonOption, print_json, progress_console
from aisle.cli.encoder import as_dict as export_as_dict
from aisle.cli.encoder import print_report as print_export
from aisle.cli.judging import STDOUT, Before, JsonFile, Outside, Relevant, Split
from aisle.cli.training import (
    Base,
    Every,
    Measure,
    Name,
    Out,
    Resume,
    Seed,
    Work,
    artifact_store,
    training_progress,
)
from aisle.errors import InputError

if TYPE_CHECKING:
    from aisle.training.adaptation.job import Adapted

_PAIRS = "Pairs"
_TRAINING = "Training"
_LIMITS = "Limits"

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
    reranker: Annotated[
        str | None,
        typer.Option(
            help="Reranker artifact that decides which items answer a query.", rich_help_panel=_PAIRS
        ),
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
    base: Base = "all-MiniLM-L6-v2",
    rows: Annotated[
        int,
        typer.Option(
            min=0,
            help="Pairs, drawn of all, that the model's own weights are trained on. 0: a linear head alone,"
            " in minutes.",
            rich_help_panel=_TRAINING,
        ),
    ] = 0,
    keep_base: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Share of the base's weights to mix in at the end: less is lost elsewhere.",
            rich_help_panel=_TRAINING,
        ),
    ] = 0.0,
    work: Work = None,
    resume: Resume = False,
    measure: Measure = True,
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

      aisle adapt --describe "$(cat shop.txt)" --catalogue products.csv --pairs made --rows 20000

      aisle adapt --describe "toys" --catalogue toys.csv --llm http://localhost:11434/v1 --llm-model qwen3
    """
    if context.invoked_subcommand is not None:
        sources = {name: context.get_parameter_source(name) for name in context.params}
        given = [name for name, source in sources.items() if source and source.name == "COMMANDLINE"]
        if given:
            options = ", ".join(f"--{name.removeprefix('as_').replace('_', '-')}" for name in given)
            raise InputError(
                f"{context.invoked_subcommand} takes no {options} before it",
                fix=f"leave that out, or write after {context.invoked_subcommand} what it takes itself",
            )
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
            rows=rows,
            keep_base=keep_base,
            reranker=reranker,
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


@app.command()
def report(
    ref: Annotated[str, typer.Argument(help="Adapted encoder artifact (path, name or fingerprint).")],
    data: Annotated[Path, typer.Option(help="BEIR folder of its domain.")],
    outside: Outside = None,
    base: Before = None,
    split: Split = "dev",
    relevant: Relevant = 2,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Items of each catalogue, all judged ones among them.")
    ] = None,
    most_lost: Annotated[
        float, typer.Option(help="Share of nDCG@10 that may be lost outside.", rich_help_panel=_LIMITS)
    ] = 0.01,
    least_gain: Annotated[
        float,
        typer.Option(help="R@200 at 64 dimensions to win at home.", rich_help_panel=_LIMITS),
    ] = 0.0,
    gate: Annotated[
        bool, typer.Option("--gate", help="End with 1 if a limit is not kept.", rich_help_panel=_LIMITS)
    ] = False,
    json_file: JsonFile = None,
) -> None:
    """What an adapted encoder won at home and what it cost, against its base.

    Gain at home, loss outside, how the vectors lie, what cutting and rounding them costs, how many neighbours
    stayed, popularity of the results, slices of the queries. A release gate reads `passed` and `checks`.

    Examples:

      aisle adapt report tools --data judged --outside other-shop

      aisle adapt report tools --data judged --outside other-shop --json report.json --gate
    """
    with progress_console().status("judging") as status:
        found = aisle.report_adaptation(
            ref,
            data=data,
            outside=outside or (),
            base=base,
            split=split,
            relevant=relevant,
            most_lost=most_lost,
            least_gain=least_gain,
            sample=sample,
            progress=status.update,
        )
    if json_file == STDOUT:
        print_json(found.to_json())
    else:
        # Shown first: minutes of judging are not lost where the file cannot be written.
        Console().print(Markdown(to_markdown(found)))
        if json_file is not None:
            found.write(json_file)
    if gate and not found.passed:
        raise typer.Exit(EXIT_FAILED)


@app.command()
def interpolate(
    run: Annotated[str, typer.Argument(help="Name or work folder of the training.")],
    name: Name,
    artifact: Annotated[
        str | None, typer.Option(help="Artifact of the training. Default: the one of its name.")
    ] = None,
    keep_base: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Share of the base's weights that is kept.", show_default="0.3, or by --data"
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="BEIR folder of the domain: the best share is chosen by its dev split."),
    ] = None,
    outside: Outside = None,
    most_lost: Annotated[float, typer.Option(help="Share of nDCG@10 that may be lost outside.")] = 0.01,
    sample: Annotated[
        int, typer.Option(min=1, help="Items of each catalogue, all judged ones among them.")
    ] = 5_000,
    measure: Measure = True,
    out: Out = None,
    progress_every: Every = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Mix the weights of an adapted encoder with those of its base: most of the gain, little of the loss.

    Nothing is trained. With --data, shares are measured at home and outside, and the best at home is taken of
    those that lose little enough.

    Examples:

      aisle adapt interpolate tools --keep-base 0.3 --name tools-kept

      aisle adapt interpolate tools --data judged --outside other-shop --name tools-kept
    """
    with training_progress(progress_console(), progress_every) as progress:
        exported = aisle.interpolate(
            run,
            keep_base=keep_base,
            name=name,
            artifact=artifact,
            data=data,
            outside=outside or (),
            most_lost=most_lost,
            sample=sample,
            measure=measure,
            store=artifact_store(out),
            progress=progress,
        )
    if as_json:
        print_json(export_as_dict(exported))
    else:
        print_export(exported, Console())


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
