"""``aisle eval``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

import aisle
from aisle.cli.console import EncoderOption, NameOption, query_progress
from aisle.cli.option_sets import with_option_sets
from aisle.cli.options import RerankingOptions, SparseOption


@with_option_sets
def evaluate(
    data: Annotated[Path, typer.Argument(help="BEIR folder with queries.jsonl and qrels/SPLIT.tsv.")],
    name: NameOption,
    reranking: RerankingOptions,
    split: Annotated[str, typer.Option(help="Which judgments to use: qrels/SPLIT.tsv.")] = "dev",
    systems: Annotated[
        str,
        typer.Option(
            help="Systems to compare, separated by commas; the first is the baseline. See the examples."
        ),
    ] = "bm25,dense,hybrid",
    relevant: Annotated[int, typer.Option(help="Lowest grade that counts as relevant.")] = 2,
    encoder: EncoderOption = None,
    sparse: SparseOption = None,
    rules: Annotated[
        bool,
        typer.Option(
            "--rules/--no-rules", help="Let the catalogue's rules act, and say so in each system's name."
        ),
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report to this file.")] = None,
    runs: Annotated[
        Path | None, typer.Option(help="Write a TREC run file per system into this folder.")
    ] = None,
) -> None:
    """Run the judged queries of a BEIR folder against an index and score each system.

    Examples:

        aisle eval judged --name shop --split dev --json report.json

        aisle eval judged --name shop --systems "bm25,hybrid,hybrid:min_max+arithmetic_mean"

        aisle eval judged --name shop --systems bm25,dense,sparse,hybrid

        aisle eval judged --name shop --systems hybrid,tuned

        aisle eval judged --name shop --systems hybrid,hybrid+rerank --rerank reranker

        aisle eval judged --name shop --systems hybrid --rules
    """
    # Nothing is remembered: every system's time is that of a query which is asked for the first time.
    reranker, how = reranking.open(remembered=0)
    with query_progress() as progress:
        found = aisle.evaluate(
            name,
            data,
            split=split,
            systems=systems,
            relevant=relevant,
            encoder=encoder,
            sparse=sparse,
            reranker=reranker,
            rerank=how,
            rules=rules,
            runs=runs,
            progress=progress,
        )
    if json_file is not None:
        found.report.write(json_file)
    Console().print(Markdown(found.to_markdown()))
