"""`aisle plan` against the node: predicted and measured index sizes at 10 k, 100 k and 826 k products."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import Annotated, Final

import typer
from opensearchpy import OpenSearch

from aisle.catalogue import read_catalogue
from aisle.indexer import IndexOptions, index_catalogue
from aisle.mappings import IndexSettings
from aisle.types import Item
from benchmarks.harness.command_line import OutOption, finish, results_folder, run_command, say
from benchmarks.harness.parts import dataset, own_node
from benchmarks.harness.result_file import result_of_this_run
from benchmarks.plan_check.products import random_encoder, varied_products
from benchmarks.plan_check.table import Checked, index_files, plan_attempts, plan_goals, plan_rows

BENCHMARK: Final = "indexing-plan"
SIZES: Final = (10_000, 100_000, 826_402)
CATALOGUES: Final = ("homedepot", "icecat")
MERGED_UP_TO: Final = 100_000
"""A larger index is compared as it was loaded: its merge would take longer than the loading."""
SETTINGS: Final = IndexSettings()


def plan_check(
    products: Annotated[int, typer.Option(min=1_000, help="The largest size. Less needs --out.")] = SIZES[-1],
    out: OutOption = None,
) -> None:
    """Index 10,000 real products of two catalogues and variants at three sizes; compare each with its plan.

    Examples:

        python -m benchmarks.plan_check

        python -m benchmarks.plan_check --products 10000 --out /tmp/trial
    """
    folder = results_folder(out, trial=products != SIZES[-1])
    sizes = sorted({min(size, products) for size in SIZES})
    with own_node() as node:
        checked = [_real(node.client, name) for name in CATALOGUES]
        grown = [_varied(node.client, size) for size in sizes]
    checked += grown
    result = result_of_this_run(
        BENCHMARK,
        "benchmarks.plan_check",
        rows=plan_rows(checked, grown[0]),
        attempts=plan_attempts(checked),
        goals=plan_goals(checked, grown[0]),
    )
    finish(result, folder)


def _real(client: OpenSearch, name: str) -> Checked:
    return _checked(client, name, islice(read_catalogue(dataset(name)), SIZES[0]))


def _varied(client: OpenSearch, size: int) -> Checked:
    real = list(read_catalogue(dataset(CATALOGUES[0])))
    items = islice(varied_products(real), size)
    checked = _checked(client, f"varied-{size}", items, merged=size <= MERGED_UP_TO)
    return replace(checked, grown=True)


def _checked(client: OpenSearch, name: str, items: Iterable[Item], *, merged: bool = True) -> Checked:
    started = time.perf_counter()
    options = IndexOptions(f"plan-{name}", force_merge=merged)
    report = index_catalogue(client, items, random_encoder(SETTINGS.dims), options)
    try:
        files = index_files(client, report.release)
    finally:
        client.indices.delete(index=report.release)
    seconds = time.perf_counter() - started
    say(f"{name}: {report.documents:,} products in {seconds:,.0f} s")
    return Checked(name, report.documents, SETTINGS.dims, SETTINGS.m, files, round(seconds, 1))


if __name__ == "__main__":
    run_command(plan_check)
