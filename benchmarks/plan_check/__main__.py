"""`aisle plan` against the node: predicted and measured index sizes at 10 k, 100 k and 826 k products."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Annotated, Final

import typer
from opensearchpy import OpenSearch

from aisle.catalogue import read_catalogue
from benchmarks.harness.command_line import OutOption, finish, results_folder, run_command
from benchmarks.harness.parts import dataset, own_node
from benchmarks.harness.result_file import result_of_this_run
from benchmarks.plan_check.measure import SETTINGS, checked
from benchmarks.plan_check.products import random_encoder, varied_products
from benchmarks.plan_check.table import Checked, plan_attempts, plan_goals, plan_rows

BENCHMARK: Final = "indexing-plan"
SIZES: Final = (10_000, 100_000, 826_402)
CATALOGUES: Final = ("homedepot", "icecat")
MERGED_UP_TO: Final = 100_000
"""A larger index is compared as it was loaded: its merge would take longer than the loading."""


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
        real = [_real(node.client, name) for name in CATALOGUES]
        grown = [_varied(node.client, size) for size in sizes]
    found = [*real, *grown]
    result = result_of_this_run(
        BENCHMARK,
        "benchmarks.plan_check",
        rows=plan_rows(found, grown[0]),
        attempts=plan_attempts(found),
        goals=plan_goals(found, grown[0]),
    )
    finish(result, folder)


def _real(client: OpenSearch, name: str) -> Checked:
    return checked(
        client, name, islice(read_catalogue(dataset(name)), SIZES[0]), random_encoder(SETTINGS.dims)
    )


def _varied(client: OpenSearch, size: int) -> Checked:
    real = list(read_catalogue(dataset(CATALOGUES[0])))
    items = islice(varied_products(real), size)
    encoder = random_encoder(SETTINGS.dims)
    made = checked(client, f"varied-{size}", items, encoder, merged=size <= MERGED_UP_TO)
    return replace(made, grown=True)


if __name__ == "__main__":
    run_command(plan_check)
