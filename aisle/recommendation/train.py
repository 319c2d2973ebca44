"""A recommender from sequences: settings are chosen on what users took last, then everything is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.whitening import Whitening
from aisle.errors import EvaluationError
from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase, split
from aisle.evaluation.sequences.ranks import rank_targets
from aisle.recommendation.choose import MOST_USERS, choose, sampled
from aisle.recommendation.counts import CountOptions, count_items
from aisle.recommendation.recommender import Recommender
from aisle.recommendation.settings import Learned, RecommenderSettings
from aisle.recommendation.systems import CountsAndTextSystem, CountsSystem
from aisle.sequences import Sequences

FEWEST: Final = 50
"""Users with something to predict, under whom a choice would be luck: the usual settings stay."""

METRICS: Final = ("R@10", "N@10")


@dataclass(frozen=True, slots=True, eq=False)
class TrainedRecommender:
    """A recommender and how its settings came about.

    Attributes:
        recommender: that learned from everything.
        chosen_on: users on whom the settings were chosen; 0 where the usual ones were taken.
        metrics: of those settings on these users, learned from what they took before; empty likewise.
    """

    recommender: Recommender
    chosen_on: int
    metrics: dict[str, float]


def train(
    sequences: Sequences,
    titles: Sequence[str],
    texts: NDArray[np.float32] | None = None,
    options: CountOptions | None = None,
    *,
    whitening: Whitening | None = None,
    seed: int = 0,
) -> TrainedRecommender:
    """Choose settings by leaving the last item out, then learn from all steps.

    Args:
        sequences: all of them.
        titles: of ``sequences.items``.
        texts: float32 [items, dims], unit vectors of the items' texts; None: counts alone.
        options: of counts.
        whitening: that made ``texts``, so that new items can be placed beside them.
        seed: of the draw of users to choose on.
    """
    settings, metrics, users = RecommenderSettings(), {}, 0
    try:
        data = sampled(split(sequences, EvaluationProtocol(refit=True), Phase.TEST), MOST_USERS, seed)
        users = len(data.targets)
    except EvaluationError:
        # Nobody took three items yet: a shop's first day.
        pass
    if users >= FEWEST:
        learned = Learned(count_items(data.train, options), texts)
        counts = choose(CountsSystem(), learned, data).setting
        blend = CountsAndTextSystem(counts)
        settings = RecommenderSettings(counts)
        if blend.fits(learned):
            settings = choose(blend, learned, data).setting
        ranked = rank_targets(settings.channel(learned), data, "")
        metrics = dict(ranked.means(METRICS))
    everything = Learned(count_items(sequences, options), texts, whitening)
    return TrainedRecommender(Recommender(everything, titles, settings), users if metrics else 0, metrics)
