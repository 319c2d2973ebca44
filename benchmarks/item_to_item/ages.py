"""How much is known of an item, and what its lists are worth then; how far content alone is from the rest."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle.evaluation.item_to_item.lists import BestOf, Lister, evaluate_lists
from aisle.evaluation.item_to_item.protocol import BasketProtocol
from aisle.evaluation.sequences.protocol import Phase
from aisle.recommendation.item_to_item.basket_counts import count_baskets, together_scores
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.recommendation.item_to_item.scorers import MatrixScorer, PopularityScorer, VectorScorer
from aisle.recommendation.item_to_item.towers import HeadVectors
from aisle.training.item_to_item.settings import ItemToItemSettings
from benchmarks.harness.command_line import say
from benchmarks.harness.topics import Figures
from benchmarks.item_to_item.data import BasketData, online_retail
from benchmarks.item_to_item.heads import SEEDS, chosen, listers, split_of, trained

AGES: Final = (0, 1, 3, 10, 30, 100, 1_000_000)
"""Baskets of the training part that have the trigger: bounds of the groups."""


def measure() -> Figures:
    """Recall by the history of the trigger, and how alike vectors with an ID and of content alone are."""
    data = online_retail()
    test = split_of(BasketProtocol(new_items=True), Phase.TEST)
    model = trained(data, test, ItemToItemSettings(seed=SEEDS[0]), chosen(SEEDS[0]).weight).model
    simple: tuple[Lister, ...] = (
        BestOf(PopularityScorer("popularity", test.taken)),
        BestOf(MatrixScorer("weighted counts", together_scores(count_baskets(test.train)))),
        BestOf(VectorScorer("text", data.texts.vectors, data.texts.vectors)),
    )
    history = test.taken[test.asked.members]
    rows: list[dict[str, Any]] = []
    for lister in (*listers(model), *simple):
        values = evaluate_lists(lister, test).requests["R@50"]
        row: dict[str, Any] = {"dataset": data.name, "system": lister.name}
        rows.append({**row, **{group: float(values[at].mean()) for group, at in _groups(history)}})
        say(str(rows[-1]))
    return Figures([*rows, *_distances(data, model, test.taken)], (), ())


def _groups(history: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Names of the groups, and who is in each; none that is empty."""
    for least, above in pairwise(AGES):
        at = (history >= least) & (history < above)
        if at.any():
            yield f"{least}-{above - 1}" if above < AGES[-1] else f"{least} and more", at


def _distances(data: BasketData, model: TwoHeads, taken: NDArray[np.int64]) -> Iterator[dict[str, Any]]:
    """Of each head, how alike are the vectors of an item with its ID and without."""
    alone = vectors_of_content(model, data)
    heads = {
        # Its last coordinate is the item's popularity.
        "engagement head": cosines(model.engagement[:, :-1], alone.engagement[:, :-1]),
        "relevance head": cosines(model.relevance, alone.relevance),
    }
    for head, alike in heads.items():
        yield {
            "dataset": data.name,
            "system": f"{head}: cosine with content alone",
            **{group: float(alike[at].mean()) for group, at in _groups(taken)},
        }


def vectors_of_content(model: TwoHeads, data: BasketData) -> HeadVectors:
    """Of all items as if none had an ID."""
    none = ("",) * len(data.titles)
    return model.towers.vectors(none, data.texts.vectors, none, none)


def cosines(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of the vectors of the same items, float32 [items]; 0 where either is all zeros."""
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray(np.einsum("nd,nd->n", one, other) / np.maximum(lengths, np.finfo(np.float32).tiny))
