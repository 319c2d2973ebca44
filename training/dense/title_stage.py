"""Words of a title as a query for its item: the domain's language, without a label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from training.dense.examples import Examples
from training.dense.stage import Context, Outcome, Schedule
from training.pairs.habits import learn_habits
from training.pairs.titles import title_pairs


@dataclass(frozen=True, slots=True)
class TitleStage:
    """``per_item`` pseudo-queries for every item of the catalogue."""

    schedule: Schedule
    per_item: int = 1
    name: ClassVar[str] = "titles"

    def train(self, context: Context) -> Outcome:
        """On its examples."""
        return context.fit(self.examples(context), self.schedule)

    def examples(self, context: Context) -> Examples:
        """Pseudo-query and item; words are chosen as the training set's own queries choose them."""
        habits = learn_habits(context.data)
        pairs = title_pairs(context.data.items, self.per_item, context.seed, habits)
        return Examples.of(pairs, context.data, context.prefixes)
