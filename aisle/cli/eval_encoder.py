"""``aisle eval-encoder``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

import aisle
from aisle._evaluate_encoder import USUAL_GRAPH as _HNSW
from aisle._evaluate_encoder import VectorType, parse_widths, to_markdown
from aisle.cli.console import progress_console
from aisle.cli.judging import STDOUT, Before, JsonFile, Outside, Relevant, Split


def eval_encoder(
    ref: Annotated[str, typer.Argument(help="Encoder artifact (path, name or fingerprint).")],
    data: Annotated[
        Path | None, typer.Option(help="BEIR folder with corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv.")
    ] = None,
    reviews: Annotated[
        Path | None, typer.Option(help="Folder of reviews instead: each is a query for its product.")
    ] = None,
    mask: Annotated[
        bool, typer.Option("--mask", help="Remove title words from the reviews: the hard task.")
    ] = False,
    split: Split = "dev",
    outside: Outside = None,
    base: Before = None,
    widths: Annotated[
        str, typer.Option(help="Vector widths, separated by commas. Default: the full width and 64.")
    ] = "",
    m: Annotated[int, typer.Option(help="Links per node of the HNSW graph.")] = _HNSW.m,
    ef_construction: Annotated[
        int, typer.Option(help="Beam width while the graph is built.")
    ] = _HNSW.ef_construction,
    ef_search: Annotated[int, typer.Option(help="Beam width while the graph is searched.")] = _HNSW.ef_search,
    index: Annotated[
        bool, typer.Option("--index", help="Also measure the dense leg of a real index.")
    ] = False,
    vectors: Annotated[
        list[VectorType] | None,
        typer.Option("--vectors", help="Also measure vectors kept as this type; repeat for several."),
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="Checkpoint it was exported from; times fp32 too.")
    ] = None,
    texts: Annotated[int, typer.Option(min=0, help="Catalogue texts to time; 0 skips timing.")] = 1000,
    relevant: Relevant = 2,
    json_file: JsonFile = None,
) -> None:
    """Evaluate an encoder: model loss, index loss, size, speed, and forgetting.

    Examples:

        aisle eval-encoder all-MiniLM-L6-v2 --data judged

        aisle eval-encoder ./my-artifact --data judged --widths 384,64 --outside other-judged --index

        aisle eval-encoder my-encoder --data judged --widths 384,256 --vectors byte --vectors fp16

        aisle eval-encoder my-encoder --reviews reviews --mask --json report.json
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
            vectors=vectors or (),
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
