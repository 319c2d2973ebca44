"""Learned ranking: a shop that has trained nothing but a ranker, and a catalogue that this has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from aisle import _environment as paths
from benchmarks.harness.command_line import LimitOption, OutOption, finish, results_folder, run_command, say
from benchmarks.harness.result_file import HIGHER, LOWER, Goal, result_of_this_run
from benchmarks.learned_ranking.asked import asked
from benchmarks.learned_ranking.measure import (
    FUSION,
    RANKER,
    TREES,
    attempts,
    ladder,
    measured,
    parts,
    row,
    sizes,
    speed,
    trained,
)

BENCHMARK: Final = "learned-ranking"
HOME: Final = "homedepot"
AWAY: Final = "icecat"
QUERIES: Final = 3000


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
    out: OutOption = None,
) -> None:
    """Train rankers on homedepot's train queries, legs untrained; measure them on dev and on icecat.

    Examples:

        python -m benchmarks.learned_ranking

        python -m benchmarks.learned_ranking --limit 3000 --queries 60 --no-away --out /tmp/trial
    """
    folder = results_folder(out, trial=limit is not None or queries < QUERIES)
    kept = work or paths.cache() / BENCHMARK
    home = asked(HOME, {"dev": None, "train": queries}, kept, limit)
    train, dev = home["train"].table, home["dev"].table
    say(f"{len(train.queries):,} queries of train, {len(dev.queries):,} of dev")
    rows = [*ladder(train, dev), *sizes(train, dev), *parts(train, dev)]
    model, _ = trained(train, TREES)
    if away:
        other = asked(AWAY, {"dev": None}, kept, limit)["dev"].table
        base = measured(other, other.fused())
        rows.append(row("outside", FUSION, base, None))
        rows.append(row("outside", RANKER, measured(other, model.scores(other.rows)), base))
    told = {
        "asking what is known of the candidates": home["dev"].evidence_ms,
        "features": home["dev"].features_ms,
        "trees": speed(model, dev),
    }
    rows += [{"part": "speed", "system": name, "p50_ms": ms} for name, ms in told.items()]
    by_name = {(each["part"], each["system"]): each for each in rows}
    whole = by_name["ladder", RANKER]
    goals = [
        Goal("nothing trained but the ranker, nDCG@20", whole["nDCG@20"], 0.49, HIGHER),
        Goal("training, seconds of processor time", whole["train_cpu_s"], 300, LOWER),
        Goal("features and trees of 200 candidates, p50 ms", told["features"] + told["trees"], 3, LOWER),
    ]
    if away:
        lead = by_name["outside", RANKER]["nDCG@20"] - by_name["outside", FUSION]["nDCG@20"]
        goals.append(Goal("icecat, trained on homedepot: nDCG@20 above the fusion's", lead, 0.0, HIGHER))
    result = result_of_this_run(
        BENCHMARK, "benchmarks.learned_ranking", rows=rows, attempts=attempts(rows), goals=goals
    )
    finish(result, folder)


if __name__ == "__main__":
    run_command(learned_ranking)
