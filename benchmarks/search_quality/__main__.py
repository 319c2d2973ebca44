"""Product search, rung by rung: each leg, each pair, all, tuned, reranked; quality and speed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aisle.encoder import ArtifactStore
from aisle.errors import InputError
from aisle.search.tuning.tune import TuneOptions
from benchmarks.harness.command_line import LimitOption, OutOption, finish, results_folder, run_command, say
from benchmarks.harness.parts import dataset, own_node
from benchmarks.harness.result_file import result_of_this_run, trials
from benchmarks.search_quality.measure import Measuring, home_rows, left_out, notes, outside_rows
from benchmarks.search_quality.shop import ask, find_artifacts, index_shop
from benchmarks.search_quality.table import search_goals

BENCHMARK = "search-quality"
HOME, AWAY = "homedepot", "icecat"
DIMS = 64
RERANK_QUERIES = 700
TIMED_QUERIES = 100
TIMED_PAIRS = 20


def search_quality(
    encoder: Annotated[str, typer.Option(help="Dense artifact.")] = "homedepot",
    sparse: Annotated[str, typer.Option(help="Sparse artifact.")] = "homedepot-sparse",
    reranker: Annotated[str, typer.Option(help="Reranker: the student.")] = "homedepot-reranker",
    teacher: Annotated[str, typer.Option(help="Its teacher.")] = "homedepot-reranker-teacher",
    metric: Annotated[str, typer.Option(help="What the fusion is tuned for.")] = "nDCG@20",
    rerank_queries: Annotated[
        int,
        typer.Option(min=10, help="Queries that are reranked, drawn evenly. Fewer than usual needs --out."),
    ] = RERANK_QUERIES,
    queries: Annotated[
        int | None, typer.Option(min=10, help="A trial with at most so many queries. Needs --out.")
    ] = None,
    runs: Annotated[
        Path | None,
        typer.Option(help="Folder to keep the runs of the legs in: one file a leg."),
    ] = None,
    limit: LimitOption = None,
    out: OutOption = None,
) -> None:
    """Index homedepot and icecat with artifacts trained on homedepot, and climb the ladder on dev.

    Rungs whose artifact is missing are left out, and the result says so; that is a trial and needs --out.

    Examples:

        python -m benchmarks.search_quality

        python -m benchmarks.search_quality --limit 5000 --queries 200 --out /tmp/trial

        python -m benchmarks.search_quality --sparse my-sparse --rerank-queries 200 --out /tmp/trial
    """
    artifacts = find_artifacts(ArtifactStore.default(), encoder, sparse, reranker, teacher)
    small = limit is not None or queries is not None or rerank_queries < RERANK_QUERIES
    folder = results_folder(out, trial=small or bool(artifacts.missing))
    home, away = dataset(HOME), dataset(AWAY)
    for what in artifacts.missing:
        say(f"left out: {what}")
    measuring = Measuring(artifacts, TuneOptions(metric=metric), rerank_queries, TIMED_QUERIES, TIMED_PAIRS)
    with own_node() as node:
        shop = index_shop(node.client, artifacts, home, DIMS, limit, queries)
        if len(shop.judged.queries) < 20:
            raise InputError(
                f"only {len(shop.judged.queries)} queries have a relevant product among these",
                fix="raise --limit",
            )
        asked = ask(node.client, shop)
        found = home_rows(node.client, shop, asked, measuring, runs)
        other = index_shop(node.client, artifacts, away, DIMS, limit, queries)
        rows = [*found.rows, *outside_rows(other, ask(node.client, other), found)]
    result = result_of_this_run(
        BENCHMARK,
        "benchmarks.search_quality",
        rows=rows,
        attempts=[*trials("search", HOME), *notes(found.tuned, found.weight), *left_out(artifacts.missing)],
        goals=search_goals(rows),
    )
    finish(result, folder)


if __name__ == "__main__":
    run_command(search_quality)
