"""What indexing loses when processes are killed and networks fail: nothing, or this benchmark says what."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from aisle.indexer import index_catalogue
from benchmarks.faults.kills import (
    KILLED,
    Searched,
    killed_indexer,
    one_of_three,
    outlived_node,
    resumed_after_node,
    undisturbed,
)
from benchmarks.faults.storms import EVERYTHING, STORMS, stormy
from benchmarks.faults.table import KILLS, fault_attempts, fault_goals, fault_rows
from benchmarks.faults.trial import Shop, Trial, write_shop
from benchmarks.harness.command_line import OutOption, finish, results_folder, run_command, say
from benchmarks.harness.result_file import result_of_this_run
from tests.support.indexing import ENCODER, items, options
from tests.support.node_loss import PATIENT
from tests.support.three_nodes import spare_node, three_nodes

BENCHMARK = "indexing-faults"
NAME = "faults"
SEARCHED = "searched"
SEARCHED_ITEMS = 300
BAD_SHARE = 0.01


def faults(
    kills: Annotated[int, typer.Option(min=0, help="Kills of the indexer; fewer need --out.")] = KILLS,
    node_kills: Annotated[int, typer.Option(min=0, help="Kills of a node, of each of three kinds.")] = 3,
    storms: Annotated[int, typer.Option(min=0, help="Runs through each storm.")] = 1,
    rows: Annotated[int, typer.Option(min=1000, help="Good rows of the catalogue.")] = 12_000,
    seed: Annotated[int, typer.Option(help="Draws every moment and every fault.")] = 6,
    out: OutOption = None,
) -> None:
    """Kill the indexer, the node and one of three nodes, and send requests through storms; then count.

    Examples:

        python -m benchmarks.faults

        python -m benchmarks.faults --kills 2 --node-kills 1 --rows 2000 --out /tmp/trial
    """
    folder = results_folder(out, trial=kills < KILLS or not node_kills or not storms)
    chance = random.Random(seed)
    with _shop(rows, seed) as shop:
        trials = [*_alone(shop, kills, node_kills, storms, chance), *_together(shop, node_kills, chance)]
    result = result_of_this_run(
        BENCHMARK,
        "benchmarks.faults",
        rows=fault_rows(trials),
        attempts=fault_attempts(trials),
        goals=fault_goals(trials, KILLED),
    )
    finish(result, folder)


@contextmanager
def _shop(rows: int, seed: int) -> Iterator[Shop]:
    with tempfile.TemporaryDirectory(prefix="aisle-faults-") as folder:
        yield write_shop(Path(folder), rows, round(rows * BAD_SHARE), seed)


def _alone(shop: Shop, kills: int, node_kills: int, storms: int, chance: random.Random) -> Iterator[Trial]:
    """Everything that one node is enough for."""
    with spare_node() as spare:
        usual = undisturbed(spare.url, shop, NAME)
        say(f"{shop.good:,} rows in {usual.bodies} bodies, {usual.bodies * usual.seconds_per_body:.1f} s")
        for number in range(kills):
            yield _told(number, partial(killed_indexer, spare.client, spare.url, shop, NAME, usual, chance))
        for kind in (*STORMS, EVERYTHING):
            for number in range(storms):
                yield _told(number, partial(stormy, spare.client, spare.url, shop, NAME, kind, chance))
        for number in range(node_kills):
            yield _told(number, partial(outlived_node, spare, shop, NAME, usual, chance))
            yield _told(number, partial(resumed_after_node, spare, shop, NAME, usual, chance))


def _together(shop: Shop, node_kills: int, chance: random.Random) -> Iterator[Trial]:
    """What needs three nodes."""
    if not node_kills:
        return
    with three_nodes() as three:
        index_catalogue(
            three.client, items(SEARCHED_ITEMS), ENCODER, options(SEARCHED, replicas=1, retry=PATIENT)
        )
        three.await_green()
        searched = Searched(SEARCHED, SEARCHED_ITEMS)
        for number in range(node_kills):
            yield _told(number, partial(one_of_three, three, shop, NAME, searched, number % 3, chance))


def _told(number: int, run: Callable[[], Trial]) -> Trial:
    trial = run()
    say(
        f"{trial.fault} {number + 1} ({trial.point}): {trial.acknowledged:,} acknowledged, {trial.lost} lost,"
        f" {trial.missing} missing, {trial.doubled} doubled, {trial.seconds:.1f} s"
    )
    return trial


if __name__ == "__main__":
    run_command(faults)
