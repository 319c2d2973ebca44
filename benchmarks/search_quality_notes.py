"""What the run itself found out, told as attempts beside the trials that were made by hand. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from aisle.search.tuning.tune import Tuned
from benchmarks.search_quality_rungs import worded

Attempt = dict[str, str]


def notes(tuned: Tuned, weight: float) -> list[Attempt]:
    """The guard's verdicts, the fusion that was chosen on all queries, and how it does on them."""
    metric = tuned.options.metric
    found = []
    for verdict in tuned.verdicts:
        if verdict.delta is not None and verdict.p_value is not None:
            figure = f"{verdict.delta:+.4f} {metric}, p {verdict.p_value:.4f}"
            found.append(_attempt(f"the {verdict.leg} leg beside the others", figure, verdict.kept))
    folds = " / ".join(dict.fromkeys(worded(winner.spec) for winner in tuned.winners))
    return [
        *found,
        {"trial": "fusions chosen without each fold", "figure": folds, "kept": "for the honest figure"},
        {
            "trial": f"{tuned.fusions:,} fusions; the best on all queries: {worded(tuned.spec)}",
            "figure": f"{metric} {tuned.chosen_on:.4f} on the queries it was chosen on,"
            f" {tuned.means['tuned']:.4f} held out",
            "kept": "yes",
        },
        {"trial": "weight of the reranker", "figure": f"{weight:g} is best on all queries", "kept": "yes"},
    ]


def left_out(missing: Sequence[str]) -> list[Attempt]:
    """Rungs that this machine has no artifact for."""
    return [{"trial": what, "figure": "left out, and with it its goals", "kept": "-"} for what in missing]


def _attempt(trial: str, figure: str, kept: bool) -> Attempt:
    return {"trial": trial, "figure": figure, "kept": "yes" if kept else "no"}
