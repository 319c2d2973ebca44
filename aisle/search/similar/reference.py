"""Both heads' lists over arrays instead of an index: a node is held to them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisle.recommendation.channel import best
from aisle.recommendation.item_to_item.quota import Head, Merged, merge_by_quota
from aisle.recommendation.item_to_item.similar import HeadScorer, Trigger
from aisle.search.fusion import LegResult


@dataclass(frozen=True, slots=True, eq=False)
class HeadArrays:
    """Every item of a catalogue, in order of id, so that ties fall as they do in an index.

    Attributes:
        ids: sorted.
        engagement: float32 [items, dims], as indexed; zeros for an item without a vector.
        relevance: likewise, of length 1.
    """

    ids: tuple[str, ...]
    engagement: NDArray[np.float32]
    relevance: NDArray[np.float32]

    def lists(
        self, scorer: HeadScorer, trigger: Trigger, allowed: NDArray[np.bool_], size: int
    ) -> dict[Head, LegResult]:
        """Each head's best by its own score alone.

        Args:
            scorer: of the model.
            trigger: whose similar items are wanted.
            allowed: bool [items], what passes filters and is not excluded.
            size: most of each.
        """
        scores = scorer.scores_of(trigger, self.ids, self.engagement, self.relevance)
        found = {}
        for head, of_head in scores.items():
            chosen = best(of_head, size, allowed & ~np.isnan(of_head))
            found[head] = LegResult([self.ids[place] for place in chosen.tolist()], of_head[chosen].tolist())
        return found

    def similar(
        self, scorer: HeadScorer, trigger: Trigger, allowed: NDArray[np.bool_], size: int, alpha: float
    ) -> list[Merged[str]]:
        """The answer of an index; arguments as for `lists`, and as for ``merge_by_quota``."""
        found = self.lists(scorer, trigger, allowed, size)
        return merge_by_quota(found[Head.ENGAGEMENT].ids, found[Head.RELEVANCE].ids, alpha, size)
