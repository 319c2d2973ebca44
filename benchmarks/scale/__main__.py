"""Indexing at scale: 826,402 products from file to live alias, other ways to load, and searches meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from aisle.encoder import DenseEncoder
from aisle.encoder.cpu import cores
from benchmarks.catalogue.products import SIZES as ALL_SIZES
from benchmarks.harness.command_line import LimitOption, OutOption, finish, results_folder, run_command, say
from benchmarks.harness.parts import OwnNode
from benchmarks.harness.result_file import result_of_this_run, trials
from benchmarks.scale.load import load
from benchmarks.scale.parts import drop_releases, heap_mib, products_file, roomy_node, tuned_encoder
from benchmarks.scale.searching import measure_searching
from benchmarks.scale.table import (
    scale_attempts,
    scale_goals,
    scale_rows,
    searching_attempts,
    searching_goals,
    searching_rows,
)
from benchmarks.scale.ways import compare_ways

SCALE: Final = "indexing-scale"
SEARCHING: Final = "indexing-while-searching"
SIZES: Final = (54_667, 200_000, ALL_SIZES[-1])
ROUNDS: Final = 3
IDLE_S: Final = 40.0
_MODULE: Final = "benchmarks.scale"


def scale(
    rounds: Annotated[
        int, typer.Option(min=1, help="Rounds of all ways; fewer than 3 needs --out.")
    ] = ROUNDS,
    idle: Annotated[
        float, typer.Option(min=1, help="Seconds of searches beside nothing; fewer than 40 needs --out.")
    ] = IDLE_S,
    limit: LimitOption = None,
    out: OutOption = None,
) -> None:
    """Search while 54,667 products are loaded, load them in six ways, then load 826,402 (under 30 minutes).

    Examples:

        python -m benchmarks.scale

        python -m benchmarks.scale --limit 4000 --rounds 1 --idle 5 --out /tmp/trial
    """
    folder = results_folder(out, trial=limit is not None or rounds < ROUNDS or idle < IDLE_S)
    small, middle, large = sizes(limit)
    file = products_file(large)
    model = tuned_encoder()
    say(f"{model.manifest.name}: {small:,}, {middle:,} and {large:,} products")
    with roomy_node() as node:
        _searching(node, model, file, small, idle, folder)
        say(f"{small:,} products in every way, {rounds} rounds")
        measured, loads = compare_ways(node, model, file, small, rounds)
        say(f"{large:,} products from the file to a live alias")
        whole = load(node.url, file, "scale-large", model, large, small, middle, large)
        drop_releases(node.client, "scale-large")
    result = result_of_this_run(
        SCALE,
        _MODULE,
        rows=scale_rows(measured, loads, whole),
        attempts=[
            {"tried": "encoder", "value": f"{model.manifest.name} {model.fingerprint[:12]}"},
            {"tried": "heap of the node, MiB", "value": heap_mib()},
            *scale_attempts(measured, loads, whole, cores()),
            *trials("indexing", "scale"),
        ],
        goals=scale_goals(measured, loads, whole),
    )
    finish(result, folder)


def sizes(limit: int | None) -> tuple[int, int, int]:
    """Products of the small, middle and large load; a trial's are a quarter, half and all of its limit."""
    return SIZES if limit is None else (max(1, limit // 4), max(1, limit // 2), limit)


def _searching(
    node: OwnNode, model: DenseEncoder, file: Path, products: int, idle_s: float, folder: Path
) -> None:
    """First, and written at once: an hour's other work must not take it along if it fails."""
    measured = measure_searching(node, model, file, products, idle_s)
    result = result_of_this_run(
        SEARCHING,
        _MODULE,
        rows=searching_rows(measured),
        attempts=searching_attempts(measured),
        goals=searching_goals(measured),
    )
    finish(result, folder)


if __name__ == "__main__":
    run_command(scale)
