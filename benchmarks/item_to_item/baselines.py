"""Systems without training and those of other libraries, by the protocol with new items and without."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aisle.evaluation.item_to_item.protocol import BasketProtocol, split_baskets
from aisle.evaluation.item_to_item.table import BasketTable
from aisle.evaluation.sequences.protocol import Phase
from aisle.recommendation.item_to_item.systems import (
    BasketsLearned,
    BasketSystem,
    choose_and_test,
    simple_systems,
)
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, Goal
from benchmarks.harness.topics import Figures
from benchmarks.item_to_item.data import BasketData, online_retail
from benchmarks.item_to_item.libraries import AlsSystem, Item2VecSystem

PROTOCOLS: Final[Mapping[str, BasketProtocol]] = {
    "known items": BasketProtocol(),
    "new items too": BasketProtocol(new_items=True),
}
EXPECTED: Final = 0.2276
"""R@50 of weighted counts by a script of its own, on the same baskets."""


def measure() -> Figures:
    """Systems without training, on items that the training part knows."""
    rows = _measured("known items", tuple(simple_systems()))
    found = next(row["R@50"] for row in rows if row["system"] == "weighted counts")
    goal = Goal(
        "weighted counts as a script of its own computed them, R@50", round(found, 4), EXPECTED, HIGHER
    )
    return Figures(rows, (), (goal,))


def measure_new_items() -> Figures:
    """The same, where new items are triggers and targets too."""
    return Figures(_measured("new items too", tuple(simple_systems())), (), ())


def measure_libraries() -> Figures:
    """ALS and item2vec, on known items."""
    return Figures(_measured("known items", (AlsSystem(), Item2VecSystem())), (), ())


def _measured(label: str, systems: Sequence[BasketSystem[Any]]) -> list[dict[str, Any]]:
    protocol = PROTOCOLS[label]
    table = _table(online_retail(), protocol, systems)
    say(table.to_markdown())
    return rows_of(table, {"protocol": label, "means": protocol.words()})


def rows_of(table: BasketTable, more: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row of the result file for each system of a table."""
    about = {"dataset": table.dataset, "baskets": table.baskets, "items": table.items, **more}
    return [
        {**about, "system": system, **means, "note": table.notes.get(system, "")}
        for system, means in table.systems.items()
    ]


def _table(data: BasketData, protocol: BasketProtocol, systems: Sequence[BasketSystem[Any]]) -> BasketTable:
    validation, test = (
        split_baskets(data.baskets, protocol, phase) for phase in (Phase.VALIDATION, Phase.TEST)
    )
    known, relearned = (BasketsLearned(part.train, data.texts.vectors) for part in (validation, test))
    table = BasketTable.of(test, data.name)
    for system in systems:
        started = time.process_time()
        chosen = choose_and_test(system, known, validation, relearned, test, data.facts)
        table = table.with_figures(chosen.figures, chosen.choice.words())
        say(f"{system.name}: {time.process_time() - started:.0f} seconds of CPU")
    return table
