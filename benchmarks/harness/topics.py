"""Benchmarks of several topics that share a result file: each is measured alone, the others keep theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from aisle.errors import InputError
from benchmarks.harness.command_line import RESULTS, finish, results_folder, say
from benchmarks.harness.result_file import BenchmarkResult, Goal, Source, read_result, result_of_this_run

OnlyOption = Annotated[
    str | None,
    typer.Option(help="Topics with commas between them; the others keep the figures of the last run."),
]


@dataclass(frozen=True, slots=True)
class Figures:
    """The part of the result file that one topic fills.

    Attributes:
        rows: of the table.
        attempts: what was tried, with its figure.
        goals: what was asked for.
    """

    rows: Sequence[Mapping[str, Any]]
    attempts: Sequence[Mapping[str, Any]]
    goals: Sequence[Goal]

    def of(self, topic: str) -> Figures:
        """The same figures, marked with the topic that they belong to."""
        return Figures(
            [{"topic": topic, **row} for row in self.rows],
            [{"topic": topic, **attempt} for attempt in self.attempts],
            [Goal(f"{topic}: {goal.name}", goal.value, goal.goal, goal.better) for goal in self.goals],
        )


def without(result: BenchmarkResult, topics: Sequence[str]) -> Figures:
    """What a result file says of every other topic, for a run that measures only these."""
    marks = tuple(f"{topic}: " for topic in topics)
    return Figures(
        [row for row in result.rows if row["topic"] not in topics],
        [attempt for attempt in result.attempts if attempt["topic"] not in topics],
        [goal for goal in result.goals if not goal.name.startswith(marks)],
    )


def chosen_topics(only: str | None, topics: Sequence[str]) -> list[str]:
    """The topics that are named, with commas between them; all of them if none are.

    Raises:
        InputError: there is no such topic.
    """
    chosen = list(dict.fromkeys(only.split(","))) if only else list(topics)
    for topic in chosen:
        if topic not in topics:
            raise InputError(f"there is no topic {topic!r}", fix=f"use {', '.join(topics)}")
    return chosen


def sources(
    result: BenchmarkResult, topics: Sequence[str], before: BenchmarkResult | None
) -> dict[str, Source]:
    """Where each topic's figures come from: this run, or what the file said of the others.

    Args:
        result: of the run.
        topics: that it measured.
        before: the file whose other topics it keeps; None: it keeps none.
    """
    known = {topic: run for topic, run in before.sources.items() if topic not in topics} if before else {}
    return known | dict.fromkeys(topics, result.source)


def together(found: Iterable[Figures]) -> Figures:
    """The figures of several topics as one."""
    rows: list[Mapping[str, Any]] = []
    attempts: list[Mapping[str, Any]] = []
    goals: list[Goal] = []
    for figures in found:
        rows += figures.rows
        attempts += figures.attempts
        goals += figures.goals
    return Figures(rows, attempts, goals)


def measure_topics(
    benchmark: str,
    command: str,
    topics: Mapping[str, Callable[[], Figures]],
    only: str | None,
    out: Path | None,
    *,
    trial: bool = False,
) -> None:
    """Measure topics one after the other and write their result file.

    Args:
        benchmark: name of the result file.
        command: module that is run.
        topics: topic to what measures it.
        only: topics with commas between them, whose figures replace those of the last run; None: all.
        out: folder of the result file; None: the project's own.
        trial: the figures mean nothing, and must not go there.

    Raises:
        InputError: there is no such topic, or a trial without a folder.
    """
    chosen = chosen_topics(only, list(topics))
    folder = results_folder(out, trial=trial)
    own = RESULTS / f"{benchmark}.json"
    before = read_result(own) if only and own.is_file() else None
    found = [without(before, chosen)] if before else []
    for topic in chosen:
        say(f"measuring {topic}")
        found.append(topics[topic]().of(topic))
    figures = together(found)
    result = result_of_this_run(
        benchmark, command, rows=figures.rows, attempts=figures.attempts, goals=figures.goals
    )
    finish(replace(result, sources=sources(result, chosen, before)), folder)
