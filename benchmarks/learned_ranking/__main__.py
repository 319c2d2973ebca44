"""Learned ranking: what a ranker is worth where nothing else is trained, and what teaches it best."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from aisle import _environment as paths
from benchmarks.harness.command_line import LimitOption, OutOption, run_command
from benchmarks.harness.topics import Figures, OnlyOption, measure_topics
from benchmarks.learned_ranking import untrained
from benchmarks.learned_ranking.setup import QUERIES, Setup

BENCHMARK: Final = "learned-ranking"

TOPICS: Final[Mapping[str, Callable[[Setup], Figures]]] = {
    "untrained legs": untrained.measure,
}
"""Topic to what measures it."""


def learned_ranking(
    work: Annotated[
        Path | None, typer.Option(help="Folder that keeps what was asked. Default: under AISLE_CACHE.")
    ] = None,
    queries: Annotated[
        int,
        typer.Option(min=30, help="Queries of train, the first of the file. Fewer than usual needs --out."),
    ] = QUERIES,
    away: Annotated[bool, typer.Option("--away/--no-away", help="Measure icecat too.")] = True,
    limit: LimitOption = None,
    only: OnlyOption = None,
    out: OutOption = None,
) -> None:
    """Train rankers on homedepot's train queries; measure them on dev and on icecat.

    Examples:

        python -m benchmarks.learned_ranking

        python -m benchmarks.learned_ranking --only "untrained legs"

        python -m benchmarks.learned_ranking --limit 3000 --queries 60 --no-away --out /tmp/trial
    """
    setup = Setup(work or paths.cache() / BENCHMARK, queries, limit, away)
    topics = {name: partial(measure, setup) for name, measure in TOPICS.items()}
    measure_topics(BENCHMARK, "benchmarks.learned_ranking", topics, only, out, trial=setup.trial)


if __name__ == "__main__":
    run_command(learned_ranking)
