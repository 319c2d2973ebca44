"""Adapting to a domain: what each lever gains and costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from benchmarks.adaptation import arriving_ids, command, description, limits, table_costs, transfer
from benchmarks.adaptation.domains import READERS
from benchmarks.harness.command_line import OutOption, run_command
from benchmarks.harness.topics import Figures, OnlyOption, measure_topics

BENCHMARK: Final = "adaptation"

TOPICS: Final[Mapping[str, Callable[[], Figures]]] = MappingProxyType(
    {
        "tables": partial(table_costs.measure, "scientific"),
        "tables with text": partial(table_costs.measure_with_text, "scientific"),
        "tables beauty": partial(table_costs.measure, "beauty"),
        "arriving ids": arriving_ids.measure,
        "description icecat": partial(description.measure, "icecat"),
        "description homedepot": partial(description.measure, "homedepot"),
        "command icecat": partial(command.measure, "icecat"),
        **{f"transfer {target}": partial(transfer.measure, target) for target in READERS},
        "limits": limits.measure,
    }
)
"""Topic to what measures it."""


def adaptation(
    only: OnlyOption = None,
    out: OutOption = None,
) -> None:
    """Measure every topic, one after the other.

    Examples:

        python -m benchmarks.adaptation

        python -m benchmarks.adaptation --only tables
    """
    measure_topics(BENCHMARK, "benchmarks.adaptation", TOPICS, only, out)


if __name__ == "__main__":
    run_command(adaptation)
