"""The fault drill of releases, on part of homedepot, with a node of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from aisle.cluster import Cluster
from benchmarks.harness.command_line import OutOption, results_folder, run_command
from benchmarks.harness.parts import own_node
from benchmarks.harness.result_file import HIGHER, LOWER, Goal
from benchmarks.harness.topics import Figures, OnlyOption, measure_topics
from benchmarks.releases.faults import drill, train_rankers
from benchmarks.releases.going_back import PER_S, go_back
from benchmarks.releases.interleaving import TOPIC, measure
from benchmarks.releases.shop import PRODUCTS, QUERIES, DrillShop, make_shop
from benchmarks.releases.unchanged import release_unchanged

BENCHMARK: Final = "releases"
RELEASES: Final = 50
ROLLBACKS: Final = 6


def releases(
    only: OnlyOption = None,
    products: Annotated[int, typer.Option(min=200, help="Of the catalogue.")] = PRODUCTS,
    queries: Annotated[int, typer.Option(min=10, help="Judged ones.")] = QUERIES,
    unchanged: Annotated[int, typer.Option(min=1, help="Releases in which nothing changed.")] = RELEASES,
    rollbacks: Annotated[int, typer.Option(min=1, help="While a service is asked.")] = ROLLBACKS,
    out: OutOption = None,
) -> None:
    """Twelve faulty releases, fifty in which nothing changed, and rollbacks under load. About 12 minutes.

    The topics are faults, unchanged, rollback and interleaving.

    Examples:

        python -m benchmarks.releases

        python -m benchmarks.releases --only faults --products 600 --queries 40 --out /tmp/trial
    """
    results_folder(out, trial=(products, queries, unchanged) != (PRODUCTS, QUERIES, RELEASES))
    with own_node() as node, tempfile.TemporaryDirectory() as folder:
        shop = make_shop(Cluster.of(node.client), Path(folder), products, queries)
        train_rankers(shop)
        topics: dict[str, Callable[[], Figures]] = {
            "faults": partial(_faults, shop),
            "unchanged": partial(_unchanged, shop, unchanged),
            "rollback": partial(_rollback, shop, node.url, rollbacks),
            # Alone, and without a node: python -m benchmarks.releases.interleaving
            TOPIC: measure,
        }
        measure_topics(BENCHMARK, "benchmarks.releases", topics, only, out)


def _faults(shop: DrillShop) -> Figures:
    found = drill(shop)
    rows = [{"fault": one.fault, "what": one.what, "by": one.by, "note": one.note} for one in found]
    stopped = sum(bool(one.by) for one in found)
    return Figures(rows, [], [Goal("faults stopped", stopped, len(found), HIGHER)])


def _unchanged(shop: DrillShop, releases: int) -> Figures:
    found = release_unchanged(shop, releases)
    low, high = found.interval
    row = {"releases": releases, "alarms": list(found.alarms), "rate": found.rate, "low": low, "high": high}
    return Figures([row], [], [Goal("false alarms", len(found.alarms), 0, LOWER)])


def _rollback(shop: DrillShop, url: str, rollbacks: int) -> Figures:
    found = go_back(shop, url, rollbacks)
    load = found.load
    row = {
        "rollbacks": rollbacks,
        "command_s": [round(one, 3) for one in found.command_s],
        "served_s": [round(one, 2) for one in found.served_s],
        "per_s": PER_S,
        "asked": len(load.asked),
        "p50_ms": round(load.percentile(50), 1),
        "p99_ms": round(load.percentile(99), 1),
        "degraded": load.degraded,
        "refused": load.refused,
        "failed": load.failed,
    }
    goals = [
        Goal("slowest rollback, all of it served, s", max(found.served_s), 5, LOWER),
        Goal("failed or refused queries", load.failed + load.refused, 0, LOWER),
    ]
    return Figures([row], [], goals)


if __name__ == "__main__":
    run_command(releases)
