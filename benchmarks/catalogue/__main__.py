"""A catalogue of 826,402 products: encoding, HNSW graphs and searches, from 10 thousand products on."""

from __future__ import annotations

from typing import Annotated, Final

import numpy as np
import psutil
import typer

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.cpu import cores
from aisle.errors import ArtifactNotFound
from aisle.mappings import IndexSettings
from benchmarks.catalogue.forecast import forecast
from benchmarks.catalogue.hnsw import require_faiss
from benchmarks.catalogue.measure import (
    Encoded,
    Graph,
    encode_in_steps,
    measure_graph,
    query_sets,
    query_vectors,
)
from benchmarks.catalogue.products import SIZES, Products, real_titles
from benchmarks.catalogue.table import beam_attempts, catalogue_goals, catalogue_rows, growth_attempts
from benchmarks.harness.command_line import OutOption, finish, results_folder, run_command, say
from benchmarks.harness.parts import load_encoder
from benchmarks.harness.result_file import result_of_this_run

BENCHMARK: Final = "encoder-catalogue"
TUNED: Final = "homedepot"
QUERIES: Final = 1_000
SETTINGS: Final = IndexSettings()
"""As every index of ours: 64 dimensions, and the graph's m, ef_construction and ef_search."""


def catalogue(
    products: Annotated[int, typer.Option(min=10_000, help="Fewer need --out.")] = SIZES[-1],
    queries: Annotated[int, typer.Option(min=10, help="Of each set. Fewer than 1,000 need --out.")] = QUERIES,
    encoder: Annotated[
        str | None, typer.Option(metavar="REF", help="Artifact. Default: homedepot, else all-MiniLM-L6-v2.")
    ] = None,
    out: OutOption = None,
) -> None:
    """Encode 826,402 distinct products and measure an HNSW graph at five sizes.

    Examples:

        python -m benchmarks.catalogue

        python -m benchmarks.catalogue --products 20000 --queries 200 --out /tmp/trial

        python -m benchmarks.catalogue --encoder dense/homedepot --out /tmp/trial
    """
    trial = products != SIZES[-1] or queries < QUERIES or encoder is not None
    folder = results_folder(out, trial=trial)
    require_faiss()
    baseline = psutil.Process().memory_info().rss
    asked = query_sets(queries)
    model = _encoder(encoder)
    say(f"{model.manifest.name}: {products:,} products, {SETTINGS.dims} dimensions")
    sets = [(one, query_vectors(model, one, SETTINGS.dims)) for one in asked]
    stream = Products(real_titles())
    vectors = np.empty((products, SETTINGS.dims), dtype=np.float32)
    encoded: list[Encoded] = []
    graphs: list[Graph] = []
    for done in encode_in_steps(model, stream, sizes(products), vectors, baseline):
        encoded.append(done)
        graphs.append(measure_graph(model, vectors[: done.products], sets, SETTINGS, baseline))
        say(f"  {done.products:,} encoded in {done.seconds:,.0f} s, graph in {graphs[-1].build_s:,.1f} s")
    rows = catalogue_rows(encoded, graphs)
    facts = {
        "encoder": f"{model.manifest.name} {model.fingerprint[:12]}",
        "products that are real titles": stream.real,
        "HNSW m, ef_construction": [SETTINGS.m, SETTINGS.ef_construction],
        "threads that encode and build": cores(),
        **{f"queries: {one.name}": len(one.texts) for one in asked},
    }
    result = result_of_this_run(
        BENCHMARK,
        "benchmarks.catalogue",
        rows=rows,
        attempts=[
            *({"tried": name, "value": value} for name, value in facts.items()),
            *growth_attempts(rows, SETTINGS.ef_search),
            *beam_attempts(rows),
            *forecast(rows, SETTINGS, cores()),
        ],
        goals=catalogue_goals(rows, SETTINGS.ef_search),
    )
    finish(result, folder)


def sizes(products: int) -> list[int]:
    """The benchmark's sizes; for another number of products as many, in the same proportions."""
    return [round(size * products / SIZES[-1]) for size in SIZES]


def _encoder(ref: str | None) -> DenseEncoder:
    """The artifact asked for, else the one tuned on homedepot, else the base model."""
    if ref is not None:
        return DenseEncoder.load(ref)
    try:
        return DenseEncoder.load(ArtifactStore.default().resolve(TUNED))
    except ArtifactNotFound:
        return load_encoder()


if __name__ == "__main__":
    run_command(catalogue)
