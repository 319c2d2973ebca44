"""Recommenders on sequences of users: what needs no training, beside what others published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final

import typer

from benchmarks.harness.command_line import OutOption, finish, results_folder, run_command, say
from benchmarks.harness.result_file import result_of_this_run
from benchmarks.harness.topics import Figures, chosen_topics, kept, together
from benchmarks.semantic_ids import baselines

BENCHMARK: Final = "semantic-ids"

TOPICS: Final[Mapping[str, Callable[[], Figures]]] = MappingProxyType(
    {
        "beauty": baselines.measure,
        "scientific": partial(baselines.measure, "scientific"),
        "sports": partial(baselines.measure, "sports"),
    }
)
"""Topic to what measures it."""


def semantic_ids(
    only: Annotated[
        str | None,
        typer.Option(help="Topics with commas between them; the others keep the figures of the last run."),
    ] = None,
    out: OutOption = None,
) -> None:
    """Measure every topic, one after the other.

    Examples:

        python -m benchmarks.semantic_ids

        python -m benchmarks.semantic_ids --only beauty
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
        "benchmarks.semantic_ids",
        rows=figures.rows,
        attempts=figures.attempts,
        goals=figures.goals,
    )
    finish(result, folder)


if __name__ == "__main__":
    run_command(semantic_ids)
