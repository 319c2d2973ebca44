"""What becomes of the heads from epoch to epoch: how alike they are, and how far items are from their end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle.evaluation.item_to_item.protocol import BasketSplit
from aisle.evaluation.sequences.protocol import Phase
from aisle.recommendation.item_to_item.divergence import head_divergence
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.training.item_to_item.model import Towers
from aisle.training.item_to_item.settings import ItemToItemSettings
from benchmarks.harness.command_line import say
from benchmarks.harness.topics import Figures
from benchmarks.item_to_item.ages import cosines, vectors_of_content
from benchmarks.item_to_item.data import BasketData, online_retail
from benchmarks.item_to_item.heads import (
    KNOWN,
    SEEDS,
    SINGLE_TASK,
    SOME_HIDDEN,
    TowersMaker,
    split_of,
    trained,
)
from benchmarks.item_to_item.one_head import OneHead

HISTORIES: Final[Mapping[str, tuple[int, int]]] = {
    "none": (0, 1),
    "1-9": (1, 10),
    "10-99": (10, 100),
    "100 and more": (100, 1_000_000),
}
"""Group to its bounds: baskets of the training part that have an item."""


USUAL: Final = ItemToItemSettings(seed=SEEDS[0])
TWO, ONE, ALONE = "two heads", "one head", "engagement alone"


def measure_divergence() -> Figures:
    """CKA of the vectors and overlap of the lists after some epochs, and whether the alarm is raised."""
    data, test = online_retail(), split_of(KNOWN, Phase.TEST)
    rows: list[dict[str, Any]] = []
    shapes: Mapping[str, TowersMaker] = {TWO: Towers, ONE: OneHead}
    for name, shape in shapes.items():
        made = trained(data, test, USUAL, 0.0, shape)
        for epoch, model in made.path.items():
            apart = head_divergence(model)
            found = {"cka": apart.cka, "overlap": apart.overlap, "by_chance": apart.by_chance}
            rows.append({**_about(data, name, epoch), **found, "collapsed": float(apart.collapsed)})
            say(str(rows[-1]))
    return Figures(rows, (), ())


def measure_distances() -> Figures:
    """How far vectors are from those of the last epoch, by the history of items, of which 5 % are hidden."""
    data, test = online_retail(), split_of(SOME_HIDDEN, Phase.TEST)
    rows: list[dict[str, Any]] = []
    for name, settings in {TWO: USUAL, ALONE: SINGLE_TASK}.items():
        made = trained(data, test, settings, 0.0)
        for epoch, model in made.path.items():
            for what, distances in _distances(model, made.model, data):
                if name == ALONE and what.startswith("relevance"):
                    continue  # Nothing has trained it.
                found = {group: float(distances[at].mean()) for group, at in _groups(test)}
                rows.append({**_about(data, name, epoch), "of": what, **found})
    return Figures(rows, (), ())


def _about(data: BasketData, system: str, epoch: int) -> dict[str, Any]:
    return {"dataset": data.name, "seed": SEEDS[0], "system": system, "epoch": epoch}


def _distances(
    model: TwoHeads, last: TwoHeads, data: BasketData
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """1 - cosine with the last epoch's vectors, float32 [items]: of each head, with IDs and by content."""
    content = vectors_of_content(model, data)
    # The last value of engagement vectors is popularity.
    yield "engagement", 1 - cosines(model.engagement[:, :-1], last.engagement[:, :-1])
    yield "engagement, content alone", 1 - cosines(content.engagement[:, :-1], last.engagement[:, :-1])
    yield "relevance", 1 - cosines(model.relevance, last.relevance)
    yield "relevance, content alone", 1 - cosines(content.relevance, last.relevance)


def _groups(split: BasketSplit) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    for name, (least, above) in HISTORIES.items():
        at = (split.taken >= least) & (split.taken < above)
        if at.any():
            yield name, at
