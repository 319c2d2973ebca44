"""Vectors by type and width, and ways to load them: CPU of the node, disk, recall, quality, time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

import typer
from opensearchpy import OpenSearch

from aisle.cluster import Cluster, capabilities, require
from benchmarks.harness.command_line import LimitOption, OutOption, finish, results_folder, run_command, say
from benchmarks.harness.parts import load_encoder, own_node
from benchmarks.harness.result_file import result_of_this_run
from benchmarks.vectors.load import loaded
from benchmarks.vectors.search import searched
from benchmarks.vectors.table import (
    BENCHMARK,
    KEPT,
    LOADING,
    Measured,
    least,
    vector_attempts,
    vector_goals,
    vector_rows,
)
from benchmarks.vectors.ways import KEPT_WAYS, LOADING_WAYS, USUAL
from benchmarks.vectors.work import Products, Questions, homedepot

QUERIES = 500
_WARMING = 4_000


def vectors(
    rounds: Annotated[int, typer.Option(min=1, help="Each way so often; the least CPU counts.")] = 1,
    limit: LimitOption = None,
    out: OutOption = None,
) -> None:
    """Load homedepot's products in every way, on every k-NN engine that the node has, and search them.

    Vectors are made once. With AISLE_KNN_LIB the node has faiss, too; without, its rows stay empty.

    Examples:

        python -m benchmarks.vectors

        python -m benchmarks.vectors --limit 5000 --out /tmp/trial
    """
    folder = results_folder(out, trial=limit is not None)
    products, questions = homedepot(load_encoder(), limit, QUERIES)
    with own_node() as node:
        able = require(capabilities(Cluster.of(node.client))).knn_engines
        _warm(node.client, products, able)
        measured = [one for _ in range(rounds) for one in _measured(node.client, able, products, questions)]
    found = least(measured)
    result = result_of_this_run(
        BENCHMARK,
        "benchmarks.vectors",
        rows=vector_rows(found),
        attempts=vector_attempts(found),
        goals=vector_goals(found),
    )
    finish(result, folder)


def _warm(client: OpenSearch, products: Products, engines: Sequence[str]) -> None:
    """Loads that are not counted: a virtual machine compiles what it runs, while it runs it."""
    few = products.first(_WARMING)
    for way in (USUAL, *KEPT_WAYS):
        for engine in way.engines:
            if engine in engines:
                with loaded(client, engine, few, way):
                    pass


def _measured(
    client: OpenSearch, able: Sequence[str], products: Products, questions: Questions
) -> Iterator[Measured]:
    neighbours: dict[int, Mapping[str, Sequence[str]]] = {}
    for table, ways in {KEPT: KEPT_WAYS, LOADING: LOADING_WAYS}.items():
        for way in ways:
            for engine in way.engines:
                one = Measured(table, engine, len(products.items), way)
                if engine in able:
                    with loaded(client, engine, products, way) as index:
                        one = replace(one, loaded=index)
                        if way.dims:
                            if way.dims not in neighbours:
                                neighbours[way.dims] = questions.exact(products, way.dims)
                            found = searched(Cluster.of(client), index.meta, questions, neighbours[way.dims])
                            one = replace(one, searched=found)
                    say(f"{engine}, {way.name}, {way.kept_as.value}, {way.dims}: {one.cpu_us:,.0f} us")
                yield one


if __name__ == "__main__":
    run_command(vectors)
