"""Indexing speed: homedepot from file to swapped alias, against opensearch-py's helpers and the engine."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmarks.harness.command_line import LimitOption, OutOption, finish, results_folder, run_command, say
from benchmarks.harness.parts import dataset, load_encoder, own_node
from benchmarks.harness.result_file import result_of_this_run
from benchmarks.indexing.table import indexing_attempts, indexing_goals, indexing_rows, settings_attempts
from benchmarks.indexing.ways import CEILING, WAYS, Bench, tried_end_to_end

BENCHMARK = "indexing"
DATASET = "homedepot"
DIMS = 64


def indexing(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of all ways; fewer than 3 needs --out.")] = 3,
    limit: LimitOption = None,
    out: OutOption = None,
) -> None:
    """Load homedepot in six ways, one after the other, round by round, on one node.

    Examples:

        python -m benchmarks.indexing

        python -m benchmarks.indexing --limit 3000 --rounds 1 --out /tmp/trial
    """
    folder = results_folder(out, trial=limit is not None or rounds < 3)
    data = dataset(DATASET)
    with own_node() as node:
        bench = Bench.of(node, load_encoder(), data, DIMS, limit)
        say(f"{data.name}: {len(bench.load.items):,} products; one uncounted load warms the node up")
        WAYS[CEILING](bench)
        measured = [_round(bench, number) for number in range(rounds)]
        say("end to end with other settings")
        tried = tried_end_to_end(bench)
    result = result_of_this_run(
        BENCHMARK,
        "benchmarks.indexing",
        rows=indexing_rows(measured),
        attempts=[*indexing_attempts(measured, bench.runs), *settings_attempts(measured, tried)],
        goals=indexing_goals(measured, bench.runs),
    )
    finish(result, folder)


def _round(bench: Bench, number: int) -> dict[str, float]:
    """Every way once; each round begins with another one, so that none is always first."""
    names = list(WAYS)
    start = number % len(names)
    found = {}
    for name in names[start:] + names[:start]:
        found[name] = WAYS[name](bench)
        say(f"  round {number + 1}, {name}: {found[name]:,.0f} documents a second")
    return {name: found[name] for name in names}


if __name__ == "__main__":
    run_command(indexing)
