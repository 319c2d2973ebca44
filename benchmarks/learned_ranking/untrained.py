"""A shop that has trained nothing but a ranker, and a catalogue that this has not seen."""

from __future__ import annotations

from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, LOWER, Goal
from benchmarks.harness.topics import Figures
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
    trained,
)
from benchmarks.learned_ranking.setup import AWAY, HOME, Setup


def measure(setup: Setup) -> Figures:
    """Every way to train, how many judgments it takes, features, and icecat."""
    home = asked(HOME, {"dev": None, "train": setup.queries}, setup.kept, setup.limit)
    train, dev = home["train"].table, home["dev"].table
    say(f"{len(train.queries):,} queries of train, {len(dev.queries):,} of dev")
    rows = [*ladder(train, dev), *sizes(train, dev), *parts(train, dev)]
    model, _ = trained(train, TREES)
    if setup.away:
        other = asked(AWAY, {"dev": None}, setup.kept, setup.limit)["dev"].table
        base = measured(other, other.fused())
        rows.append(row("outside", FUSION, base, None))
        rows.append(row("outside", RANKER, measured(other, model.scores(other.rows)), base))
    by_name = {(each["part"], each["system"]): each for each in rows}
    whole = by_name["ladder", RANKER]
    goals = [
        Goal("nothing trained but the ranker, nDCG@20", whole["nDCG@20"], 0.49, HIGHER),
        Goal("training, seconds of processor time", whole["train_cpu_s"], 300, LOWER),
    ]
    if setup.away:
        lead = by_name["outside", RANKER]["nDCG@20"] - by_name["outside", FUSION]["nDCG@20"]
        goals.append(Goal("icecat, trained on homedepot: nDCG@20 above the fusion's", lead, 0.0, HIGHER))
    return Figures(rows, attempts(rows), goals)
