"""What goes with an item: systems on the same baskets, beside the goals that were set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from benchmarks.harness.command_line import RESULTS, OutOption, run_command
from benchmarks.harness.result_file import read_result
from benchmarks.harness.topics import Figures, OnlyOption, measure_topics
from benchmarks.item_to_item import (
    additions,
    ages,
    baselines,
    domains,
    epochs,
    from_index,
    heads,
    last_item,
    mixes,
    new_triggers,
    one_head,
    teachers,
)
from benchmarks.item_to_item.pareto import draw, draw_epochs

BENCHMARK: Final = "item-to-item"

TOPICS: Final[Mapping[str, Callable[[], Figures]]] = MappingProxyType(
    {
        "systems": baselines.measure,
        "systems with new items": baselines.measure_new_items,
        "libraries": baselines.measure_libraries,
        "heads": heads.measure,
        "single task": heads.measure_single_task,
        "one head": one_head.measure,
        "relevance weights": heads.measure_relevance_weights,
        "published settings": heads.measure_published,
        "new items": heads.measure_new_items,
        "divergence": epochs.measure_divergence,
        "distances": epochs.measure_distances,
        "mixes": mixes.measure,
        "new triggers": new_triggers.measure,
        "last item": last_item.measure,
        "history": ages.measure,
        "teachers": teachers.measure,
        "domains": domains.measure,
        "additions": additions.measure,
        "index": from_index.measure,
    }
)
"""Topic to what measures it."""


def item_to_item(
    only: OnlyOption = None,
    out: OutOption = None,
) -> None:
    """Measure every topic, one after the other.

    Examples:

        python -m benchmarks.item_to_item

        python -m benchmarks.item_to_item --only systems
    """
    measure_topics(BENCHMARK, "benchmarks.item_to_item", TOPICS, only, out)
    if out is None:
        result = read_result(RESULTS / f"{BENCHMARK}.json")
        draw(result)
        draw_epochs(result)


if __name__ == "__main__":
    run_command(item_to_item)
