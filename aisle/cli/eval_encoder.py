"""``aisle eval-encoder``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

import aisle
from aisle._evaluate_encoder import USUAL_GRAPH as _HNSW
from aisle._evaluate_encoder import parse_widths, to_markdown
from aisle.cli.console import progress_console

STDOUT = Path("-")


def eval_encoder(
    ref: Annotated[str, typer.Argument(help="The artifact: a path, a name or a fingerprint.")],
    data: Annotated[
        Path | None, typer.Option(help="BEIR folder: corpus.jsonl, queries.jsonl, qrels/<split>.tsv.")
    ] = None,
    reviews: Annotated[
        Path | None, typer.Option(help="Instead: reviews as queries for the products they are about.")
    ] = None,
    mask: Annotated[
        bool, typer.Option("--mask", help="The hard task: a product's title words removed from its reviews.")
    ] = False,
    split: Annotated[str, typer.Option(help="Which judgments.")] = "dev",
    outside: Annotated[
        list[Path] | None,
        typer.Option(help="BEIR folder of another domain; may be repeated."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(help="What it was trained from. Default: its base model, if in the store."),
    ] = None,
    widths: Annotated[str, typer.Option(help="Comma-separated. Default: the full width and 64.")] = "",
    m: Annotated[int, typer.Option(help="Links per node of the HNSW graph.")] = _HNSW.m,
    ef_construction: Annotated[int, typer.Option(help="Beam while it is built.")] = _HNSW.ef_construction,
    ef_search: Annotated[int, typer.Option(help="Beam while it is searched.")] = _HNSW.ef_search,
    index: Annotated[
        bool, typer.Option("--index", help="Also the dense leg of a real index (AISLE_URL or `aisle up`).")
    ] = False,
    weights: Annotated[
        str | None, typer.Option(help="The checkpoint it was exported from: times fp32 beside it.")
    ] = None,
    texts: Annotated[int, typer.Option(min=0, help="Catalogue texts to time; 0: no timing.")] = 1000,
    relevant: Annotated[int, typer.Option(help="Lowest grade that counts as relevant.")] = 2,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the report to this file; - prints it.")
    ] = None,
) -> None:
    """Judge an encoder: model loss, index loss, size, speed, and what it forgot.

    Examples:

        aisle eval-encoder all-MiniLM-L6-v2 --data data/icecat

        aisle eval-encoder ./my-artifact --data data/homedepot --widths 384,64 --outside data/icecat --index

        aisle eval-encoder my-encoder --reviews data/reviews/amazon2023 --mask --json report.json
    """
    with progress_console().status("judging") as status:
        report = aisle.evaluate_encoder(
            ref,
            data=data,
            reviews=reviews,
            mask=mask,
            split=split,
            outside=outside or (),
            base=base,
            widths=parse_widths(widths),
            m=m,
            ef_construction=ef_construction,
            ef_search=ef_search,
            index=index,
            weights=weights,
            texts=texts,
            relevant=relevant,
            progress=status.update,
        )
    if json_file == STDOUT:
        typer.echo(report.to_bytes().decode(), nl=False)
        return
    if json_file is not None:
        report.write(json_file)
    Console().print(Markdown(to_markdown(report)))
