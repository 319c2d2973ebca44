"""How far the two heads are from saying the same, which would make one of them useless."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.evaluation.item_to_item.lists import BestOf
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.recommendation.item_to_item.scorers import EngagementScorer, RelevanceScorer

_ASKED: Final = 1_000
_DEPTH: Final = 50
# Of what two lists need not share: of few items most are in both, whatever heads say.
_COLLAPSED: Final = 0.9


@dataclass(frozen=True, slots=True)
class HeadDivergence:
    """What two heads have in common.

    Attributes:
        cka: linear centred kernel alignment of their vectors (Kornblith et al. 2019, arXiv 1905.00414), 0 to
            1; 1 where one is a turned and scaled other.
        overlap: share of the first 50 items of one head's list that the other's has too, over triggers.
        by_chance: what lists would share that are drawn from the catalogue; 1 where they hold all of it.
    """

    cka: float
    overlap: float
    by_chance: float

    @property
    def collapsed(self) -> bool:
        """Whether one head is as good as the other alone."""
        return self.overlap - self.by_chance > _COLLAPSED * (1 - self.by_chance)


def head_divergence(model: TwoHeads, seed: int = 0) -> HeadDivergence:
    """Compare the heads over items that were ordered, 1,000 drawn ones at most."""
    ordered = np.flatnonzero(model.counts.taken > 0)
    chosen = ordered
    if len(ordered) > _ASKED:
        chosen = np.sort(np.random.default_rng(seed).choice(ordered, _ASKED, replace=False))
    triggers = chosen.astype(np.int32)
    others = max(1, len(model.items) - 1)
    size = min(_DEPTH, others)
    bought = BestOf(EngagementScorer("engagement", model)).lists(triggers, size)
    alike = BestOf(RelevanceScorer("relevance", model)).lists(triggers, size)
    shared = [len(np.intersect1d(one, other)) / size for one, other in zip(bought, alike, strict=True)]
    return HeadDivergence(
        linear_cka(model.engagement[chosen], model.relevance[chosen]),
        float(np.mean(shared or [0.0])),
        size / others,
    )


def linear_cka(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Linear centred kernel alignment of two sets of vectors of the same items.

    Args:
        one: float32 [items, dims].
        other: float32 [items, other dims], of the same items.

    Returns:
        0 to 1; 0 where all vectors of a set are the same.
    """
    first, second = (each.astype(np.float64) - each.mean(axis=0) for each in (one, other))
    both = float(np.linalg.norm(first.T @ second)) ** 2
    sizes = float(np.linalg.norm(first.T @ first) * np.linalg.norm(second.T @ second))
    return both / sizes if sizes > 0 else 0.0
