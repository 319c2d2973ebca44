"""``aisle try``."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from aisle._index import AUTO, USUAL_ENCODER, parse_map
from aisle._printable import printable
from aisle._try import running_trial
from aisle.cli.console import JsonOption, ends_on_sigterm, print_json, progress_console
from aisle.cli.index import WORDS_ONLY
from aisle.cli.index_reports import index_progress, print_indexed
from aisle.cli.page import PageOption, show_page
from aisle.cli.reading import (
    FormatOption,
    LanguageOption,
    LimitOption,
    MapOption,
    PrivateOption,
    VariantsOption,
)
from aisle.cli.search import print_page

if TYPE_CHECKING:
    from aisle._try import Trial


def try_(
    data: Annotated[str, typer.Argument(help="The file: what `aisle index` reads.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the catalogue. Default: try- and the file's name.")
    ] = None,
    encoder: Annotated[
        str,
        typer.Option(help=f"Encoder artifact (path, name or fingerprint), or {WORDS_ONLY} for words alone."),
    ] = USUAL_ENCODER,
    columns: MapOption = None,
    form: FormatOption = "auto",
    variants: VariantsOption = "",
    allow_private: PrivateOption = False,
    language: LanguageOption = AUTO,
    limit: LimitOption = None,
    keep: Annotated[
        bool, typer.Option("--keep/--stop", help="Keep the node that was started running, or stop it.")
    ] = True,
    page: PageOption = True,
    as_json: JsonOption = False,
) -> None:
    """Search a file of your own in one command.

    Starts OpenSearch if no node runs, shows what was read as what, indexes, asks three questions made
    from the catalogue itself, and serves its page until Ctrl-C (without a terminal it is fetched once).
    Nothing but the node and the catalogue try-... is left behind.

    Examples:

        aisle try products.csv

        aisle try products.csv --map "id=Variant SKU" --encoder none

        aisle try export.xml --limit 10000 --stop
    """
    console, status = Console(), progress_console()
    with ends_on_sigterm(), ExitStack() as stack:
        with index_progress(None if as_json else console) as progress:
            running = stack.enter_context(
                running_trial(
                    data,
                    name=name,
                    columns=parse_map(*(columns or ())),
                    format=form,
                    variants=variants,
                    allow_private=allow_private,
                    language=language,
                    limit=limit,
                    encoder=None if encoder == WORDS_ONLY else encoder,
                    keep=keep,
                    say=lambda line: status.print(f"[bold]•[/bold] {printable(line)}", highlight=False),
                    progress=progress,
                )
            )
        trial = running.trial
        if as_json:
            print_json(trial.to_json())
            return
        print_indexed(console, trial.indexed)
        for query, found in trial.examples:
            console.print(f"\n{query.why}:", markup=False, highlight=False, style="dim")
            print_page(console, query.text, found)
        _print_next(console, trial, data, columns or [], keep)
        if page:
            show_page(console, trial.name, running.cluster)


def _print_next(console: Console, trial: Trial, data: str, columns: list[str], keep: bool) -> None:
    mapped = " ".join(f"--map {shlex.quote(one)}" for one in columns)
    words = trial.examples[0][0].text if trial.examples else "something"
    shop = trial.name.removeprefix("try-")
    lines = [f"from file to results in {trial.seconds:,.0f} s"]
    if keep or not trial.node:
        lines.append(f"search on:       aisle search {shlex.quote(words)} --name {trial.name}")
    # An address may hold a password.
    file = "ADDRESS" if "://" in data else shlex.quote(data)
    lines.append(f"for your shop:   aisle index {file} --name {shop} {mapped}".rstrip())
    if trial.node:
        lines.append("stop the node:   aisle down")
    console.print()
    for line in lines:
        console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
