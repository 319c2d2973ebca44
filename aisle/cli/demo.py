"""``aisle demo``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from aisle._demo import running_demo
from aisle.cli.console import progress_console
from aisle.cli.page import PageOption, show_page
from aisle.cli.search import print_page

if TYPE_CHECKING:
    from aisle._demo import DemoResult


def demo(
    data: Annotated[
        Path | None, typer.Option(help="BEIR folder to use instead of the synthetic catalogue.")
    ] = None,
    split: Annotated[str, typer.Option(help="Which judgments to use: qrels/SPLIT.tsv.")] = "dev",
    name: Annotated[str, typer.Option(help="Name of the catalogue.")] = "demo",
    keep: Annotated[bool, typer.Option("--keep", help="Keep the node running.")] = False,
    products: Annotated[
        int, typer.Option(min=1000, max=1_000_000, help="Products of the synthetic catalogue.")
    ] = 6000,
    seed: Annotated[int, typer.Option(help="Seed of the synthetic catalogue.")] = 0,
    page: PageOption = True,
) -> None:
    """Start OpenSearch, index a catalogue, search it, evaluate it, and show it in a browser, in one command.

    Without --data the catalogue is synthetic. At the end its page is served until Ctrl-C; without a
    terminal it is fetched once. Then the node is stopped, unless --keep is given.

    Examples:

        aisle demo

        aisle demo --data judged --keep
    """
    status = progress_console()
    console = Console()
    with running_demo(
        data=data,
        split=split,
        name=name,
        keep=keep,
        products=products,
        seed=seed,
        say=lambda line: status.print(f"[bold]•[/bold] {line}", highlight=False),
    ) as running:
        print_demo(console, running.result)
        if data is None:
            console.print(
                "The catalogue and its judgments are synthetic, made by a seeded generator.", style="dim"
            )
        if page:
            show_page(console, name, running.cluster)
    if keep:
        console.print(f'\nThe node is up: try  aisle search "insulated mug for hot drinks" --name {name}')
        console.print("and stop it with  aisle down --name demo")


def print_demo(console: Console, result: DemoResult) -> None:
    """The example searches, then the evaluation."""
    for query, page in result.examples:
        console.print()
        print_page(console, query.text, page)
    console.print()
    console.print(Markdown(result.evaluated.report.to_markdown(worst=0)))
