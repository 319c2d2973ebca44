"""Words, facets, suggestions and the client's own part of a search, on homedepot and icecat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Final

import typer

from aisle.errors import InputError
from benchmarks.harness.command_line import RESULTS, OutOption, finish, results_folder, run_command, say
from benchmarks.harness.result_file import read_result, result_of_this_run
from benchmarks.search_features import client, facets, suggest, words
from benchmarks.search_features.figures import Figures, without

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
    topics = list(dict.fromkeys(only.split(","))) if only else list(TOPICS)
    for topic in topics:
        if topic not in TOPICS:
            raise InputError(f"there is no topic {topic!r}", fix=f"use {', '.join(TOPICS)}")
    folder = results_folder(out, trial=False)
    found = [_kept(topics)] if len(topics) < len(TOPICS) else []
    for topic in topics:
        say(f"measuring {topic}")
        found.append(TOPICS[topic]().of(topic))
    result = result_of_this_run(
        BENCHMARK,
        "benchmarks.search_features",
        rows=[row for figures in found for row in figures.rows],
        attempts=[attempt for figures in found for attempt in figures.attempts],
        goals=[goal for figures in found for goal in figures.goals],
    )
    finish(result, folder)


def _kept(topics: list[str]) -> Figures:
    path = RESULTS / f"{BENCHMARK}.json"
    return without(read_result(path), topics) if path.is_file() else Figures((), (), ())


if __name__ == "__main__":
    run_command(search_features)
