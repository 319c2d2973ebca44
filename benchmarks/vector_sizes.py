"""Vectors of each type on lucene, at two widths: their files beside what `aisle plan` says of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated, Any, Final

import numpy as np
import typer
from opensearchpy import OpenSearch

from aisle.catalogue import read_catalogue
from aisle.encoder import DenseEncoder
from aisle.mappings import fields
from aisle.mappings.vector_types import FITTED_TO, VectorStorage, VectorType
from benchmarks.harness.command_line import OutOption, finish, results_folder, run_command, say
from benchmarks.harness.pages import block, goals_table, number, table
from benchmarks.harness.parts import dataset, load_encoder, own_node
from benchmarks.harness.result_file import LOWER, BenchmarkResult, Goal, result_of_this_run
from benchmarks.plan_check.measure import SETTINGS, checked
from benchmarks.plan_check.products import KnownVectors
from benchmarks.plan_check.table import Checked

BENCHMARK: Final = "vector-sizes"
CATALOGUES: Final = ("homedepot", "icecat")
PRODUCTS: Final = 5_000
FULL: Final = 384
WAYS: Final = (
    (VectorType.FP32, SETTINGS.dims),
    (VectorType.BYTE, SETTINGS.dims),
    (VectorType.FP32, FULL),
    (VectorType.BYTE, FULL),
    (VectorType.DISK, FULL),
)
_OFF: Final = 0.1


def vector_sizes(
    products: Annotated[int, typer.Option(min=1_000, help="Of each catalogue. Less needs --out.")] = PRODUCTS,
    out: OutOption = None,
) -> None:
    """Index real products with their vectors kept in every way that lucene has; compare files with the plan.

    Examples:

        python -m benchmarks.vector_sizes

        python -m benchmarks.vector_sizes --products 1000 --out /tmp/trial
    """
    folder = results_folder(out, trial=products != PRODUCTS)
    model = load_encoder()
    with own_node() as node:
        found = [one for name in CATALOGUES for one in _indexed(node.client, name, model, products)]
    result = result_of_this_run(
        BENCHMARK, "benchmarks.vector_sizes", rows=size_rows(found), attempts=(), goals=size_goals(found)
    )
    finish(result, folder)


def _indexed(client: OpenSearch, name: str, model: DenseEncoder, products: int) -> Iterator[Checked]:
    items = list(islice(read_catalogue(dataset(name)), products))
    say(f"{name}: encoding {len(items):,} products")
    known = KnownVectors(model, items)
    for kept_as, dims in WAYS:
        encoder = known.at(dims)
        sample = np.asarray(encoder.encode(items[:FITTED_TO])[fields.DENSE], dtype=np.float32)
        yield checked(client, name, items, encoder, VectorStorage.fitted(kept_as, sample))


def size_rows(found: Sequence[Checked]) -> list[dict[str, Any]]:
    """One row for each index, in bytes of a product."""
    return [
        {
            "catalogue": one.name,
            "docs": one.docs,
            "kept_as": one.kept_as.value,
            "dims": one.dims,
            "vectors_per_doc": round((one.files.vectors + one.files.quantised) / one.docs, 1),
            "graph_per_doc": round(one.files.graphs / one.docs, 1),
            "disk_planned_per_doc": round(one.vectors.disk / one.docs, 1),
            "disk_to_planned": round(one.vectors_measured.disk / one.vectors.disk, 3),
            "memory_planned_per_doc": round(one.vectors.memory / one.docs, 1),
            "memory_to_planned": round(one.vectors_measured.memory / one.vectors.memory, 3),
            "segments": one.files.segments,
        }
        for one in found
    ]


def size_goals(found: Sequence[Checked]) -> list[Goal]:
    """How far off the plan is at worst."""
    disk = max(abs(one.vectors_measured.disk / one.vectors.disk - 1) for one in found)
    memory = max(abs(one.vectors_measured.memory / one.vectors.memory - 1) for one in found)
    return [
        Goal("files of vectors off the plan, worst index", round(disk, 3), _OFF, LOWER),
        Goal("memory of vectors off the plan, worst index", round(memory, 3), _OFF, LOWER),
    ]


def sizes_table(result: BenchmarkResult) -> str:
    """The result as Markdown."""
    columns = (
        *("vectors_per_doc", "graph_per_doc", "disk_planned_per_doc", "disk_to_planned"),
        *("memory_planned_per_doc", "memory_to_planned"),
    )
    head = [
        *("catalogue", "kept as", "dimensions", "vectors, bytes a product", "graph", "plan, disk"),
        *("measured / plan", "plan, memory", "measured / plan"),
    ]
    rows = [
        [row["catalogue"], row["kept_as"], str(row["dims"]), *(number(row[column]) for column in columns)]
        for row in result.rows
    ]
    return block(result, table(head, rows, texts=2), goals_table(result.goals))


if __name__ == "__main__":
    run_command(vector_sizes)
