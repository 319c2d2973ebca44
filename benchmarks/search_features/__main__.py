"""Words, facets, suggestions and the client's own part of a search, on homedepot and icecat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Final

import typer

from benchmarks.harness.command_line import OutOption, finish, results_folder, run_command, say
from benchmarks.harness.result_file import result_of_this_run
from benchmarks.harness.topics import Figures, chosen_topics, kept, together
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
    only: Annotated[
        str | None,
        typer.Option(help="Topics with commas between them; the others keep the figures of the last run."),
    ] = None,
    out: OutOption = None,
) -> None:
    """Measure every topic, one after the other, each on a node of its own.

    Examples:

        python -m benchmarks.search_features

        python -m benchmarks.search_features --only words,facets
    """
    topics = chosen_topics(only, list(TOPICS))
    folder = results_folder(out, trial=False)
    found = [kept(BENCHMARK, topics)] if only else []
    for topic in topics:
        say(f"measuring {topic}")
        found.append(TOPICS[topic]().of(topic))
    figures = together(found)
    result = result_of_this_run(
        BENCHMARK,
        "benchmarks.search_features",
        rows=figures.rows,
        attempts=figures.attempts,
        goals=figures.goals,
    )
    finish(result, folder)


if __name__ == "__main__":
    run_command(search_features)
