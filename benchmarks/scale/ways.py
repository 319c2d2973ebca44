"""The ways to load that are compared at scale: those of the indexing benchmark, with the tuned encoder."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aisle.encoder import DenseEncoder, item_text
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import OwnNode
from benchmarks.indexing.ways import BULK, CEILING, ENCODER, END_TO_END, PARALLEL, PIPELINE, WAYS, Bench
from benchmarks.scale.load import Loaded, load
from benchmarks.scale.parts import DIMS, drop_releases

NAMES: Final = (END_TO_END, ENCODER, BULK, PARALLEL, PIPELINE, CEILING)
# The encoder alone runs on every fourth product: as many long ones among them, and a minute saved.
_EVERY: Final = 4


def compare_ways(
    node: OwnNode, model: DenseEncoder, file: Path, products: int, rounds: int
) -> tuple[list[Mapping[str, float]], list[Loaded]]:
    """Products per second of every way, round by round; and what the loads from the file took.

    Each round begins with another way, so that none is always first. One load before them is not counted.
    """
    bench = Bench.of(node, model, file, DIMS, products)
    WAYS[CEILING](bench)
    measured: list[Mapping[str, float]] = []
    loads: list[Loaded] = []
    for number in range(rounds):
        start = number % len(NAMES)
        found = {}
        for name in NAMES[start:] + NAMES[:start]:
            if name == END_TO_END:
                loads.append(_from_file(bench))
                found[name] = loads[-1].per_s
            else:
                found[name] = _encoder_alone(bench) if name == ENCODER else WAYS[name](bench)
            say(f"  round {number + 1}, {name}: {found[name]:,.0f} products a second")
        measured.append({name: found[name] for name in NAMES})
    return measured, loads


def _from_file(bench: Bench) -> Loaded:
    name = "scale-round"
    loaded = load(bench.url, bench.folder, name, bench.model, len(bench.load.items))
    drop_releases(bench.client, name)
    return loaded


def _encoder_alone(bench: Bench) -> float:
    texts = [item_text(item) for item in bench.load.items[::_EVERY]]
    started = time.perf_counter()
    bench.model.encode_items(texts, bench.dims)
    return len(texts) / (time.perf_counter() - started)
