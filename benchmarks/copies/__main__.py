"""Copies of a vector: which other items they hide, with and without what Aisle does about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

import typer

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.evaluation import read_judged_set
from aisle.mappings.vector_types import VectorType
from benchmarks.copies.measure import (
    MOVED,
    ORDERS,
    WAYS,
    Found,
    Shop,
    Way,
    ask_release,
    cut,
    encoded,
    qualities,
)
from benchmarks.copies.table import attempts, goals, rows
from benchmarks.harness.command_line import OutOption, finish, results_folder, run_command, say
from benchmarks.harness.parts import dataset, load_encoder, own_node
from benchmarks.harness.result_file import result_of_this_run

BENCHMARK: Final = "copies"
CATALOGUE: Final = "homedepot"
PRODUCTS: Final = 2_000
COPIES: Final = (300, 1_000)
WIDTHS: Final = (64, 384)
QUERIES: Final = 50


def measure_copies(
    limit: Annotated[
        int | None, typer.Option("--limit", min=200, help="A trial with the first N products. Needs --out.")
    ] = None,
    out: OutOption = None,
) -> None:
    """Index products beside copies of one title and ask for each by its vector; exact search of a judged set.

    Examples:

        python -m benchmarks.copies

        python -m benchmarks.copies --limit 400 --out /tmp/trial
    """
    folder = results_folder(out, trial=limit is not None)
    model, judged = load_encoder(), read_judged_set(dataset(CATALOGUE))
    items = list(read_catalogue(dataset(CATALOGUE), ReadOptions(limit=limit)))
    vectors = encoded(model, items)
    queries = model.encode_queries([query.text for query in judged.queries])
    say(f"{len(items):,} products encoded")
    shop = Shop(items[:PRODUCTS], vectors[[*range(min(PRODUCTS, len(items))), -1]], queries[:QUERIES])
    with own_node() as node:
        found = [
            _told(ask_release(node.client, shop.cut(dims), *asked)) for dims in WIDTHS for asked in _asked()
        ]
    quality = [
        one
        for dims in WIDTHS
        for one in qualities(judged, items, cut(vectors[:-1], dims), cut(queries, dims))
    ]
    result = result_of_this_run(
        BENCHMARK,
        "benchmarks.copies",
        rows=rows(found, quality),
        attempts=attempts(found),
        goals=goals(found, quality),
    )
    finish(result, folder)


def _asked() -> Iterator[tuple[Way, str, int, VectorType]]:
    """Bytes are moved by more than their rounding, whatever was done to the floats."""
    for copies in COPIES:
        for order in ORDERS:
            for way in WAYS:
                # One vector for each text is the same for any number of copies.
                if not way.one_per_text or copies == COPIES[0]:
                    yield way, order, copies, VectorType.FP32
            yield MOVED, order, copies, VectorType.BYTE


def _told(found: Found) -> Found:
    say(
        f"{found.dims} dimensions as {found.kept_as}, {found.copies:,} copies, {found.order}, {found.way}:"
        f" {found.lost:,} of {found.asked:,} lost"
    )
    return found


if __name__ == "__main__":
    run_command(measure_copies)
