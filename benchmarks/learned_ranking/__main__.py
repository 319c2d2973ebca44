"""Learned ranking: what a ranker is worth where nothing else is trained, and what teaches it best."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from aisle import _environment as paths
from aisle.errors import InputError
from benchmarks.harness.command_line import LimitOption, OutOption, run_command
from benchmarks.harness.topics import Figures, OnlyOption, measure_topics
from benchmarks.learned_ranking import (
    bounds,
    ceiling,
    cross_encoder,
    heads,
    no_judgments,
    speed,
    teachers,
    throughput,
    trained_legs,
    untrained,
)
from benchmarks.learned_ranking.setup import QUERIES, Setup, TrainedLegs

BENCHMARK: Final = "learned-ranking"

TRAINED: Final = "trained legs"
CROSS: Final = "cross-encoder"

TOPICS: Final[Mapping[str, Callable[[Setup], Figures]]] = {
    TRAINED: trained_legs.measure,
    CROSS: cross_encoder.measure,
    "untrained legs": untrained.measure,
    "no judgments": no_judgments.measure,
    "bounds": bounds.measure,
    "ceiling": ceiling.measure,
    "teachers": teachers.measure,
    "heads": heads.measure,
    "speed": speed.measure,
    "throughput": throughput.measure,
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
    encoder: Annotated[
        str | None, typer.Option(help="Trained dense artifact: the topic 'trained legs' is measured with it.")
    ] = None,
    sparse: Annotated[str | None, typer.Option(help="Trained sparse artifact beside it.")] = None,
    learned: Annotated[
        Path | None, typer.Option(help="BEIR folder whose split train both learned from, with --encoder.")
    ] = None,
    reranker: Annotated[
        str | None,
        typer.Option(help="Cross-encoder beside them: the topic 'cross-encoder' is measured with it."),
    ] = None,
    limit: LimitOption = None,
    only: OnlyOption = None,
    out: OutOption = None,
) -> None:
    """Train rankers on homedepot's train queries; measure them on dev and on icecat.

    Examples:

        python -m benchmarks.learned_ranking

        python -m benchmarks.learned_ranking --only "untrained legs"

        python -m benchmarks.learned_ranking --only "trained legs" --encoder mine --learned part

        python -m benchmarks.learned_ranking --limit 3000 --queries 60 --no-away --out /tmp/trial
    """
    if (encoder is None) != (learned is None) or ((sparse or reranker) and encoder is None):
        raise InputError(
            "trained legs need an encoder and what it learned", fix="give --encoder and --learned"
        )
    legs = TrainedLegs(encoder, sparse, learned, reranker) if encoder and learned else None
    setup = Setup(work or paths.cache() / BENCHMARK, queries, limit, away, legs)
    topics = {name: partial(measure, setup) for name, measure in TOPICS.items()}
    # Topics keep the figures that were measured with models which are not here.
    absent = [name for name, there in ((TRAINED, legs), (CROSS, reranker)) if there is None]
    for name in absent:
        del topics[name]
    if absent:
        only = only or ",".join(topics)
    measure_topics(BENCHMARK, "benchmarks.learned_ranking", topics, only, out, trial=setup.trial)


if __name__ == "__main__":
    run_command(learned_ranking)
