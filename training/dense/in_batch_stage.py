"""Labelled pairs, each with the items of the rest of its batch as negatives (Henderson et al. 2017, 4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from training.dense.examples import Examples
from training.dense.stage import Context, Outcome, Schedule
from training.pairs.habits import learn_habits
from training.pairs.titles import title_pairs


@dataclass(frozen=True, slots=True)
class InBatchStage:
    """All pairs of the training set, and pseudo-queries beside them.

    Attributes:
        titles: pseudo-queries for each item of the catalogue; items that nobody has judged stay in mind.
    """

    schedule: Schedule
    titles: int = 0
    name: ClassVar[str] = "in-batch-negatives"

    def train(self, context: Context) -> Outcome:
        """On its examples."""
        return context.fit(self.examples(context), self.schedule)

    def examples(self, context: Context) -> Examples:
        """Query and positive."""
        data = context.data
        pseudo = title_pairs(data.items, self.titles, context.seed, learn_habits(data)) if self.titles else ()
        return Examples.of((*data.pairs, *pseudo), data, context.prefixes)
