"""``aisle eval-encoder``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from aisle.cli.console import progress_console
from aisle.cluster import connect
from aisle.evaluation.encoders.hnsw import HnswSettings

if TYPE_CHECKING:
    from aisle.evaluation.encoders.exact import Neighbours

STDOUT = Path("-")
_HNSW = HnswSettings()


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
    from aisle._evaluate import index_neighbours
    from aisle.encoder import ArtifactStore
    from aisle.evaluation.encoders.hnsw import hnsw_neighbours
    from aisle.evaluation.encoders.judge import JudgeOptions, judge_encoder, open_pair
    from aisle.evaluation.encoders.markdown import to_markdown
    from aisle.evaluation.encoders.tasks import beir_task, parse_widths, read_task

    hnsw = HnswSettings(m, ef_construction, ef_search)
    graphs: dict[str, Neighbours] = {"faiss HNSW": partial(hnsw_neighbours, settings=hnsw)}
    if index:
        graphs["OpenSearch HNSW"] = partial(index_neighbours, connect())
    options = JudgeOptions(parse_widths(widths), relevant, graphs, texts, weights)
    task = read_task(data, reviews, split, mask=mask, relevant=relevant)
    others = [beir_task(folder, split, relevant) for folder in outside or ()]
    model, base_model = open_pair(ref, base, ArtifactStore.default())
    with progress_console().status("judging") as status:
        report = judge_encoder(model, task, options, base=base_model, outside=others, progress=status.update)
    if json_file == STDOUT:
        typer.echo(report.to_bytes().decode(), nl=False)
        return
    if json_file is not None:
        report.write(json_file)
    Console().print(Markdown(to_markdown(report)))
