"""The HTTP service on homedepot, with its node and its load on the same cores."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Final

import typer

from benchmarks.harness.command_line import LimitOption, OutOption, results_folder, run_command
from benchmarks.harness.topics import OnlyOption, measure_topics
from benchmarks.service.searching import measure_overload, measure_searches, measure_suggestions
from benchmarks.service.shop import open_shop
from benchmarks.service.soak import measure_soak

BENCHMARK: Final = "service"
# What is shorter is a trial, and goes to a folder of its own.
_SECONDS: Final = 10.0
_MINUTES: Final = 30.0


def service(
    only: OnlyOption = None,
    limit: LimitOption = None,
    seconds: Annotated[float, typer.Option(min=0.5, help="Of each load.")] = _SECONDS,
    minutes: Annotated[float, typer.Option(min=0.05, help="Of the topic soak.")] = _MINUTES,
    reranker: Annotated[str | None, typer.Option(help="Artifact; without one nothing is reranked.")] = None,
    url: Annotated[
        str | None, typer.Option(help="Node to index on, unless it has the index already.")
    ] = None,
    out: OutOption = None,
) -> None:
    """Ask the service over loopback: by 1, 4 and 16 clients, at twice its capacity, and for a long time.

    All topics share one index. The topics are search, overload, suggest and soak.

    Examples:

        python -m benchmarks.service

        python -m benchmarks.service --only search,suggest --limit 2000 --seconds 2 --out /tmp/trial
    """
    shortened = limit is not None or seconds < _SECONDS or minutes < _MINUTES
    results_folder(out, trial=shortened)
    with open_shop(url, limit) as shop:
        topics = {
            "search": partial(measure_searches, shop, seconds, reranker),
            "overload": partial(measure_overload, shop, seconds),
            "suggest": partial(measure_suggestions, shop, seconds),
            "soak": partial(measure_soak, shop, minutes),
        }
        measure_topics(BENCHMARK, "benchmarks.service", topics, only, out, trial=shortened)


if __name__ == "__main__":
    run_command(service)
