"""Quality on real data: every leg and fusion on homedepot and icecat, and HNSW against exact search."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from opensearchpy import OpenSearch

from aisle.encoder import DenseEncoder
from aisle.evaluation import JudgedSet, read_judged_set
from benchmarks.harness.command_line import LimitOption, OutOption, finish, results_folder, run_command, say
from benchmarks.harness.parts import dataset, load_encoder, own_node
from benchmarks.harness.result_file import result_of_this_run
from benchmarks.quality.ask import Asked, ask_index
from benchmarks.quality.table import FULL, Row, fusion_attempts, quality_goals, quality_rows

BENCHMARK = "quality"
DATASETS = "homedepot,icecat"
WIDTHS = (FULL, 64)
SPLIT = "dev"


def quality(
    datasets: Annotated[str, typer.Option(help="Which of them. Fewer than all needs --out.")] = DATASETS,
    limit: LimitOption = None,
    out: OutOption = None,
) -> None:
    """Index homedepot and icecat end to end at 384 and 64 dimensions and score every system on dev.

    Examples:

        python -m benchmarks.quality

        python -m benchmarks.quality --datasets icecat --out /tmp/trial

        python -m benchmarks.quality --limit 2000 --out /tmp/trial
    """
    folder = results_folder(out, trial=limit is not None or datasets != DATASETS)
    folders = [dataset(name.strip()) for name in datasets.split(",")]
    model = load_encoder()
    rows: list[Row] = []
    with own_node() as node:
        for data in folders:
            judged = _first(read_judged_set(data, SPLIT), limit)
            rows.extend(
                quality_rows(judged, [_ask(node.client, model, data, judged, w, limit) for w in WIDTHS])
            )
    result = result_of_this_run(
        BENCHMARK,
        "benchmarks.quality",
        rows=rows,
        attempts=fusion_attempts(rows),
        goals=quality_goals(rows),
    )
    finish(result, folder)


def _ask(
    client: OpenSearch, model: DenseEncoder, data: Path, judged: JudgedSet, dims: int, limit: int | None
) -> Asked:
    say(f"{judged.name} at {dims} dimensions")
    asked = ask_index(client, model, data, judged, dims, limit)
    say(f"  indexed {asked.indexed.documents:,} documents at {asked.indexed.docs_per_s:,.0f} a second")
    return asked


def _first(judged: JudgedSet, limit: int | None) -> JudgedSet:
    """A trial asks no more queries than it has products."""
    queries = judged.queries[:limit]
    return replace(judged, queries=queries, qrels={query.id: judged.qrels[query.id] for query in queries})


if __name__ == "__main__":
    run_command(quality)
