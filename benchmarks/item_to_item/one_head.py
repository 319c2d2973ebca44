"""One head that both losses train, as a rival of two: what it costs that they share every weight."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from torch.nn import functional

from aisle.evaluation.item_to_item.lists import BestOf
from aisle.evaluation.sequences.protocol import Phase
from aisle.recommendation.item_to_item.divergence import head_divergence
from aisle.recommendation.item_to_item.scorers import EngagementScorer, RelevanceScorer
from aisle.recommendation.item_to_item.towers import HeadLayers, HeadTowers
from aisle.training.item_to_item.model import HeadOutputs, Towers
from aisle.training.item_to_item.settings import ItemToItemSettings
from benchmarks.harness.topics import Figures
from benchmarks.item_to_item.data import online_retail
from benchmarks.item_to_item.heads import KNOWN, SEEDS, chosen, row_of, split_of, trained

SYSTEMS: Final = ("one head", "one head, no counts", "one head, by cosine")


class OneHead(Towers):
    """Towers whose relevance vectors are the engagement head's own, but for popularity."""

    def forward(self, rows: NDArray[np.int64], without_id: NDArray[np.bool_] | None = None) -> HeadOutputs:
        """See `Towers`."""
        found = self.engagement(self.backbone(rows, without_id))
        alike = functional.pad(found[:, :-1], (0, 1))
        return HeadOutputs(found, functional.normalize(alike, dim=1))

    def served(self) -> HeadTowers:
        """See `Towers`."""
        served = super().served()
        return replace(served, relevance=_without_popularity(served.engagement))


def _without_popularity(layers: HeadLayers) -> HeadLayers:
    """The same layers, whose last value is always 0."""
    linear, outer = layers.linear.copy(), layers.outer.copy()
    linear[:, -1] = outer[:, -1] = 0
    return replace(layers, linear=linear, outer=outer)


def measure() -> Figures:
    """One head by inner product with counts and without, and by cosine; one seed."""
    data, test = online_retail(), split_of(KNOWN, Phase.TEST)
    settings = ItemToItemSettings(seed=SEEDS[0])
    made = trained(data, test, settings, chosen(SEEDS[0]).weight, OneHead)
    apart = head_divergence(made.model)
    about: dict[str, Any] = {"dataset": data.name, "seed": settings.seed, "cpu_seconds": made.seconds}
    about |= {"cka": apart.cka, "overlap": apart.overlap}
    by_itself = replace(made.model, counts_weight=0.0)
    scorers = (
        EngagementScorer(SYSTEMS[0], made.model),
        EngagementScorer(SYSTEMS[1], by_itself),
        RelevanceScorer(SYSTEMS[2], made.model),
    )
    return Figures([{**about, **row_of(BestOf(scorer), test, data)} for scorer in scorers], (), ())
