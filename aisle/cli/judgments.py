"""``aisle judgments``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import aisle
from aisle._judgments import Format
from aisle._printable import printable
from aisle.cli.console import JsonOption, notice, print_json

app = typer.Typer(no_args_is_help=True)


@app.callback()
def judgments() -> None:
    """Judgments and query sets, exchanged with other tools.

    Examples:

        aisle judgments convert judged shop-srw --to srw
    """


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="File or folder to read.", show_default=False)],
    target: Annotated[
        Path, typer.Argument(help="File or folder to write; must not exist.", show_default=False)
    ],
    to: Annotated[Format, typer.Option("--to", help="Format to write.", show_default=False)],
    known_as: Annotated[
        Format | None, typer.Option("--from", help="Format to read. Default: told by the content.")
    ] = None,
    split: Annotated[str, typer.Option(help="Which judgments of a BEIR folder: qrels/SPLIT.tsv.")] = "dev",
    queries: Annotated[
        Path | None, typer.Option(help="Texts of queries (queries.jsonl, or id<TAB>text), for TREC.")
    ] = None,
    name: Annotated[
        str, typer.Option(help="Name of the query set in the workbench. Default: that of the target.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Write judgments and queries for another tool, and say what it cannot hold.

    BEIR folders, TREC's qrels, files for learning to rank, Quepid's CSV and JSON, and Search Relevance
    Workbench (srw: bodies for its requests) are read and written.

    Examples:

        aisle judgments convert judged shop-srw --to srw --split test

        aisle judgments convert case_12_judgements.csv judged --to beir

        aisle judgments convert qrels.trec ratings.csv --to quepid-csv --queries queries.jsonl
    """
    found = aisle.convert_judgments(
        source, target, to, known_as=known_as, split=split, queries=queries, name=name
    )
    if as_json:
        print_json(found.to_json())
        return
    for change in found.changes:
        notice(f"{change.what} ({change.count:,}, such as '{change.example}')")
    Console(highlight=False, soft_wrap=True).print(
        f"{found.queries:,} queries and {found.judgments:,} judgments from {found.source} to {found.target}:"
        f" {printable(str(target))}",
        markup=False,
    )
