"""Pairs with negatives that BM25 and the model as it stands take for answers (ANCE, 2007.00808)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from training.dense.cosines import cosines
from training.dense.examples import Examples
from training.dense.mined import mined_candidates, with_negatives
from training.dense.stage import Context, Outcome, Schedule
from training.negatives.choose import choose_negatives
from training.negatives.options import NegativeOptions


@dataclass(frozen=True, slots=True)
class HardNegativeStage:
    """Mine, then train. Two of these in a row mine twice, the second time with the better model.

    Attributes:
        per_pair: negatives of a row; they are negatives of the other rows of its batch too.
        options: how they are chosen; the seed is the run's.
    """

    schedule: Schedule
    per_pair: int = 3
    options: NegativeOptions = NegativeOptions()  # noqa: RUF009 - frozen
    name: ClassVar[str] = "hard-negatives"

    def train(self, context: Context) -> Outcome:
        """On its examples."""
        return context.fit(self.examples(context), self.schedule)

    def examples(self, context: Context) -> Examples:
        """Query, positive, ``per_pair`` negatives."""
        options = replace(self.options, seed=context.seed)
        candidates = mined_candidates(context, options)
        scores = cosines(context.data, candidates, context.encode)
        negatives = choose_negatives(context.data, candidates, options, scores)
        pairs, dealt = with_negatives(context.data, negatives, self.per_pair)
        return Examples.of(pairs, context.data, context.prefixes, dealt)
