"""Words, facets, suggestions and the client's own part of a search, on homedepot and icecat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from benchmarks.harness.command_line import OutOption, run_command
from benchmarks.harness.topics import Figures, OnlyOption, measure_topics
from benchmarks.search_features import client, facets, suggest, words

BENCHMARK: Final = "search-features"

TOPICS: Final[Mapping[str, Callable[[], Figures]]] = MappingProxyType(
    {
        "words": words.measure,
        "hybrid": words.measure_hybrid,
        "facets": facets.measure,
        "suggest": suggest.measure,
        "client": client.measure,
    }
)
"""Topic to what measures it, on a node of its own."""


def search_features(
    only: OnlyOption = None,
    out: OutOption = None,
) -> None:
    """Measure every topic, one after the other, each on a node of its own.

    Examples:

        python -m benchmarks.search_features

        python -m benchmarks.search_features --only words,facets
    """
    measure_topics(BENCHMARK, "benchmarks.search_features", TOPICS, only, out)


if __name__ == "__main__":
    run_command(search_features)
