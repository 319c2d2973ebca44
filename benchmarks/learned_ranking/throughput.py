"""Whole searches of four clients, with the ranker and without it, over the whole catalogue on an own node.

Clients, encoder and node share the machine. Its other work makes seconds longer and processor time hardly.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from aisle._search import open_search
from aisle._train_ranker import WINDOW
from aisle.cluster import Cluster
from aisle.evaluation import read_judged_set
from aisle.search.rank.ranker import Ranker
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import dataset, own_node
from benchmarks.harness.result_file import HIGHER, Goal
from benchmarks.harness.topics import Figures
from benchmarks.learned_ranking.asked import UNTRAINED, asked, indexed
from benchmarks.learned_ranking.measure import TREES, Row, trained
from benchmarks.learned_ranking.setup import HOME, Setup
from benchmarks.learned_ranking.speed import TAUGHT
from benchmarks.scale.load import node_cpu_s

PART: Final = "throughput"
PLAIN, RANKED = "fusion of words and vectors", "and the ranker over 200"
CLIENTS: Final = 4
TEXTS: Final = 400
ROUNDS: Final = 3
WARM_ROUNDS: Final = 4

Ask = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Round:
    """What one search of many took: seconds, and processor seconds of this process and of the node."""

    seconds: float
    client_s: float
    node_s: float


def four_clients(ask: Ask, texts: Sequence[str], client: Cluster) -> Round:
    """Ask every text once, four at a time."""
    node, mine, began = node_cpu_s(client), time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(ask, texts))
    seconds, mine = time.perf_counter() - began, time.process_time() - mine
    return Round(seconds / len(texts), mine / len(texts), (node_cpu_s(client) - node) / len(texts))


def measure(setup: Setup) -> Figures:
    """Both in turn; of each, the median round."""
    train = asked(HOME, {"train": setup.queries}, setup.kept, setup.limit)["train"].table
    model, _ = trained(train.of_queries(np.arange(min(TAUGHT, len(train.queries)))), TREES)
    texts = [query.text for query in read_judged_set(dataset(HOME), "dev").queries[:TEXTS]]
    with own_node() as node:
        indexed(node.client, HOME, setup.limit, UNTRAINED)
        shop = open_search(
            HOME, window=WINDOW, ranker=Ranker("measured", "0" * 64, model), cluster=node.client
        )
        asking: dict[str, Ask] = {
            PLAIN: partial(shop.search, ranker=False),
            RANKED: partial(shop.search, ranker=True),
        }
        say(f"asking {len(texts):,} queries of both, {WARM_ROUNDS} + {ROUNDS} times")
        rounds: dict[str, list[Round]] = {name: [] for name in asking}
        for _ in range(WARM_ROUNDS + ROUNDS):
            for name, ask in asking.items():
                rounds[name].append(four_clients(ask, texts, node.client))
                say(f"{name}: {1 / rounds[name][-1].seconds:.1f} queries a second")
    rows = [_row(name, some[WARM_ROUNDS:]) for name, some in rounds.items()]
    return Figures(
        rows,
        [],
        [Goal("whole search with the ranker, 4 clients, queries/s", rows[1]["queries_per_s"], 60, HIGHER)],
    )


def _row(name: str, rounds: Sequence[Round]) -> Row:
    return {
        "part": PART,
        "system": name,
        "queries_per_s": float(np.median([1 / each.seconds for each in rounds])),
        "client_cpu_ms": float(np.median([1000 * each.client_s for each in rounds])),
        "node_cpu_ms": float(np.median([1000 * each.node_s for each in rounds])),
    }
