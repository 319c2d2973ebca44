"""``aisle eval``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from aisle._evaluate import DEPTH, evaluate_index
from aisle._search import open_search
from aisle.cli.console import EncoderOption, NameOption, query_progress
from aisle.cli.options import (
    RerankBudgetOption,
    RerankOption,
    RerankTopOption,
    RerankWeightOption,
    SparseOption,
    open_reranking,
)
from aisle.cluster import connect
from aisle.encoder import ArtifactStore
from aisle.evaluation import read_judged_set, write_run
from aisle.search import RerankOptions, read_live
from aisle.search.rank.reranker import USUAL_WEIGHT
from aisle.search.systems import check_systems, is_reranked, parse_systems


def evaluate(
    data: Annotated[Path, typer.Argument(help="BEIR folder: queries.jsonl and qrels/<split>.tsv.")],
    name: NameOption,
    split: Annotated[str, typer.Option(help="Which judgments: qrels/<split>.tsv.")] = "dev",
    systems: Annotated[
        str, typer.Option(help="Comma-separated; the first is the baseline. See the examples.")
    ] = "bm25,dense,hybrid",
    relevant: Annotated[int, typer.Option(help="Lowest grade that counts as relevant.")] = 2,
    encoder: EncoderOption = None,
    sparse: SparseOption = None,
    rerank: RerankOption = None,
    rerank_top: RerankTopOption = None,
    rerank_budget: RerankBudgetOption = None,
    rerank_weight: RerankWeightOption = USUAL_WEIGHT,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report to this file.")] = None,
    runs: Annotated[
        Path | None, typer.Option(help="Write a TREC run file per system into this folder.")
    ] = None,
) -> None:
    """Ask an index the judged queries of a BEIR folder and score each system.

    Examples:

        aisle eval data/homedepot --name shop --split dev --json report.json

        aisle eval data/homedepot --name shop --systems "bm25,hybrid,hybrid:min_max+arithmetic_mean"

        aisle eval data/homedepot --name shop --systems bm25,dense,sparse,hybrid

        aisle eval data/homedepot --name shop --systems hybrid,tuned

        aisle eval data/homedepot --name shop --systems hybrid,hybrid+rerank --rerank reranker
    """
    # A name that no index could have is refused before anything is asked.
    check_systems(systems)
    judged = read_judged_set(data, split)
    store = ArtifactStore.default()
    # Nothing is remembered: every system's time is that of a query which is asked for the first time.
    reranker, how = open_reranking(rerank, store, rerank_top, rerank_budget, rerank_weight, remembered=0)
    connection = connect()
    client = open_search(connection, name, store, encoder, DEPTH, sparse, reranker=reranker)
    wanted = parse_systems(systems, client.legs, read_live(connection, name).meta.fusion)
    reranked = {system: how or RerankOptions() for system in wanted if is_reranked(system)}
    with query_progress() as progress:
        found = evaluate_index(client, judged, wanted, relevant, progress, reranked)
    if runs is not None:
        for run in found.runs.values():
            write_run(run, runs / f"{run.name.replace(':', '-')}.run")
    if json_file is not None:
        found.report.write(json_file)
    texts = {query.id: query.text for query in judged.queries}
    Console().print(Markdown(found.report.to_markdown(texts)))
