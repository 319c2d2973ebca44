"""Search latency: ``SearchClient.search`` on homedepot against the server's own `took`."""

from __future__ import annotations

import time
from itertools import cycle, islice
from typing import Annotated

import typer

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.evaluation import read_judged_set
from aisle.indexer import IndexOptions, index_catalogue
from aisle.search import SearchClient
from benchmarks.harness.command_line import LimitOption, OutOption, finish, results_folder, run_command, say
from benchmarks.harness.parts import dataset, encoder_of_items, load_encoder, own_node
from benchmarks.harness.result_file import result_of_this_run
from benchmarks.quality.ask import queries_of
from benchmarks.search_latency.fetch import compare_fetching
from benchmarks.search_latency.table import latency_attempts, latency_goals, latency_rows, parts_of

BENCHMARK = "search-latency"
DATASET = "homedepot"
DIMS = 64
WINDOW = 100
SIZE = 10
QUERIES = 1_000


def search_latency(
    queries: Annotated[int, typer.Option(min=10, help="Searches to time.")] = QUERIES,
    limit: LimitOption = None,
    out: OutOption = None,
) -> None:
    """Index homedepot at 64 dimensions, then time pages of 10 over a window of 100, one at a time.

    Every query is asked once before, uncounted: node, caches and interpreter are warm.

    Examples:

        python -m benchmarks.search_latency

        python -m benchmarks.search_latency --limit 5000 --queries 200 --out /tmp/trial
    """
    folder = results_folder(out, trial=limit is not None or queries < QUERIES)
    data = dataset(DATASET)
    model = load_encoder()
    texts = [query.text for query in islice(cycle(queries_of(read_judged_set(data, "dev"))), queries)]
    with own_node() as node:
        items = read_catalogue(data, ReadOptions(limit=limit))
        report = index_catalogue(
            node.client, items, encoder_of_items(model, DIMS), IndexOptions(f"{DATASET}-{DIMS}")
        )
        say(f"{report.documents:,} documents are live; asking {len(texts):,} queries twice")
        shop = SearchClient(node.client, report.name, model, window=WINDOW)
        for text in texts:
            shop.search(text, size=SIZE)
        cpu_before = time.thread_time()
        parts = parts_of([shop.search(text, size=SIZE).timings for text in texts])
        cpu_ms = (time.thread_time() - cpu_before) * 1000
        say("the ways to fetch that were tried")
        tried = compare_fetching(
            node.url, report.name, model, texts[: max(10, queries // 4)], window=WINDOW, size=SIZE
        )
    result = result_of_this_run(
        BENCHMARK,
        "benchmarks.search_latency",
        rows=[row | {"documents": report.documents, "searches": len(parts)} for row in latency_rows(parts)],
        attempts=[*latency_attempts(parts, cpu_ms), *tried],
        goals=latency_goals(parts),
    )
    finish(result, folder)


if __name__ == "__main__":
    run_command(search_latency)
