"""What adaptation cost elsewhere: the model and its base on the same judged sets, query by query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluation import Comparison, Scores, compare
from training.judge.encoded import Encoded
from training.judge.exact_search import exact_neighbours

MAIN = "nDCG@10"
COMPARED = (MAIN, "R@200")


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """Model against base on one judged set, each at its full width, by exact search.

    Attributes:
        dataset, split: where; queries: over how many.
        outside: not the model's own domain: a fall here is what it forgot.
        model: metric to mean.
        base: the same of the base; None without one.
        comparisons: of each metric in ``COMPARED``, model less base with its p-value; empty without a base.
    """

    dataset: str
    split: str
    queries: int
    outside: bool
    model: Mapping[str, float]
    base: Mapping[str, float] | None
    comparisons: tuple[Comparison, ...]

    @property
    def main(self) -> Comparison | None:
        """The comparison by ``MAIN``, None without a base."""
        return next((c for c in self.comparisons if c.metric == MAIN), None)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, without the queries one by one."""
        return {
            "dataset": self.dataset,
            "split": self.split,
            "queries": self.queries,
            "outside": self.outside,
            "model": dict(self.model),
            "base": dict(self.base) if self.base is not None else None,
            "comparisons": [
                {"metric": c.metric, "delta": c.delta, "p": c.p_value, "wins": c.wins, "losses": c.losses}
                for c in self.comparisons
            ],
        }


def change_report(model: Encoded, base: Encoded | None, *, outside: bool) -> ChangeReport:
    """Compare two encodings of one task (paired randomisation test, see ``evaluation.significance``)."""
    ours = _scores(model, "model")
    theirs = _scores(base, "base") if base is not None else None
    return ChangeReport(
        dataset=model.task.judged.name,
        split=model.task.judged.split,
        queries=ours.queries,
        outside=outside,
        model=ours.means(),
        base=theirs.means() if theirs is not None else None,
        comparisons=tuple(compare(theirs, ours, metric) for metric in COMPARED) if theirs is not None else (),
    )


def _scores(encoded: Encoded, name: str) -> Scores:
    return encoded.score(encoded.rankings(exact_neighbours), name)
