"""Searches of a live release: with nothing else on the node, and while its next release is loaded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aisle.encoder import DenseEncoder
from aisle.evaluation import read_judged_set
from benchmarks.asked import queries_of
from benchmarks.catalogue_queries import evenly
from benchmarks.command_line import say
from benchmarks.parts import OwnNode, dataset
from benchmarks.scale_clients import Search, Shoppers
from benchmarks.scale_load import load
from benchmarks.scale_loaded import Loaded
from benchmarks.scale_parts import drop_releases

_NAME: Final = "scale-shop"
_QUERIES: Final = 1_000
# Half of idle time again, uncounted: the node compiles its code and fills its caches.
_WARM: Final = 0.5


@dataclass(frozen=True, slots=True)
class Searching:
    """Attributes:
    idle, loading: searches of the two times.
    alone, beside: the load of the first release, with no searches; and of the next, beside them.
    """

    idle: Sequence[Search]
    loading: Sequence[Search]
    alone: Loaded
    beside: Loaded


def measure_searching(
    node: OwnNode, model: DenseEncoder, file: Path, products: int, idle_s: float
) -> Searching:
    """Load a release, search it for ``idle_s`` seconds, then load the next one under the same searches."""
    queries = queries_of(read_judged_set(dataset("homedepot"), "dev"))
    texts = evenly([query.text for query in queries], _QUERIES)
    alone = load(node.url, file, _NAME, model, products)
    say(f"{products:,} products are live; searching")
    with Shoppers(node.url, _NAME, model, texts) as shoppers:
        time.sleep(_WARM * idle_s)
        begun = time.perf_counter()
        time.sleep(idle_s)
        quiet = time.perf_counter()
        say("searching while the next release is loaded")
        beside = load(node.url, file, _NAME, model, products)
        ended = time.perf_counter()
    drop_releases(node.client, _NAME)
    # The process of the load takes its time to start; it ends at once.
    return Searching(
        within(shoppers.searches, begun, quiet),
        within(shoppers.searches, ended - beside.run.seconds, ended),
        alone,
        beside,
    )


def within(searches: Sequence[Search], start: float, end: float) -> list[Search]:
    """Those that were due between two moments, however late they were done."""
    return [search for search in searches if start <= search.due < end]
