"""What may help a trigger that no basket had: fewer IDs in training, popularity, borrowed counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle.evaluation.item_to_item.lists import best_places
from aisle.evaluation.item_to_item.protocol import BasketSplit
from aisle.evaluation.sequences.protocol import Phase
from aisle.recommendation.item_to_item.basket_counts import SHARED, count_baskets, together_scores
from aisle.training.item_to_item.settings import ItemToItemSettings
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.item_to_item.data import BasketData, online_retail
from benchmarks.item_to_item.heads import SEEDS, SOME_HIDDEN, split_of, trained

DEPTH: Final = 50
NEAREST: Final = 10
DROPOUTS: Final = (0.1, 0.3)
POPULARITY, BORROWED, TEXT = "log popularity", "counts of the ten nearest titles", "titles' cosine"
WEIGHTS: Final[Mapping[str, tuple[float, ...]]] = {
    POPULARITY: (0.0, 0.1, 0.2, 0.4),
    BORROWED: (0.0, 0.2, 0.5, 1.0, 2.0),
    TEXT: (0.0, 0.5, 1.0, 2.0, 4.0),
}
"""What is added to engagement scores, and what validation chooses from."""

Parts = Mapping[str, NDArray[np.float32]]
Chosen = Mapping[str, float]


def measure() -> Figures:
    """Recall at 50 of new triggers by content alone, and with what is added, chosen on validation."""
    data = online_retail()
    validation, test = (split_of(SOME_HIDDEN, phase) for phase in (Phase.VALIDATION, Phase.TEST))
    before, after = _parts(data, validation), _parts(data, test)
    simple = {"popularity": after[POPULARITY], "text": after[TEXT]}
    rows: list[dict[str, Any]] = [
        {"system": name, "settings": "", "R@50 new trigger": _recall(scores, test)}
        for name, scores in simple.items()
    ]
    heads = {dropout: _engagement(data, validation, dropout) for dropout in DROPOUTS}
    found = {dropout: _recall(scores, validation) for dropout, scores in heads.items()}
    say(f"validation: {found}")
    for dropout in DROPOUTS:
        tested = _engagement(data, test, dropout)
        for name, parts in (
            ("engagement head", ()),
            (f"+ {POPULARITY}", (POPULARITY,)),
            (f"+ {BORROWED}", (BORROWED,)),
            (f"+ {TEXT}", (TEXT,)),
            ("+ all three", tuple(WEIGHTS)),
        ):
            weights, reached = _chosen(heads[dropout], before, parts, validation)
            words = ", ".join(f"{part} {weight:g}" for part, weight in weights.items())
            row = {
                "system": f"{name}, {dropout:.0%} of IDs dropped",
                "settings": words,
                "validation": reached,
                "R@50 new trigger": _recall(_sum(tested, after, weights), test),
            }
            say(str(row))
            rows.append(row)
    best = max(rows[2:], key=lambda row: float(row["validation"]))
    popular = rows[0]["R@50 new trigger"]
    goal = Goal("against popularity, R@50, best way", best["R@50 new trigger"] / popular, 2.0, HIGHER)
    about = {"dataset": data.name, "seed": SEEDS[0]}
    return Figures([{**about, **row} for row in rows], trials("item-to-item", "new triggers"), (goal,))


def _engagement(data: BasketData, split: BasketSplit, dropout: float) -> NDArray[np.float32]:
    """Scores of the new triggers, float32 [new triggers, items]."""
    settings = replace(ItemToItemSettings(seed=SEEDS[0]), id_dropout=dropout)
    return trained(data, split, settings, 0.0).model.engagement_scores(_triggers(split))


def _triggers(split: BasketSplit) -> NDArray[np.int32]:
    members = split.asked.members
    return np.unique(members[split.new[members]])


def _parts(data: BasketData, split: BasketSplit) -> Parts:
    """What can be added, each float32 [new triggers, items]."""
    texts, triggers = data.texts.vectors, _triggers(split)
    cosines = texts[triggers] @ texts.T
    popular = np.broadcast_to(np.log1p(split.taken).astype(np.float32), cosines.shape)
    counts = together_scores(count_baskets(split.train, SHARED))
    known = np.where(split.new, -np.inf, cosines)
    near = np.argpartition(-known, NEAREST, axis=1)[:, :NEAREST]
    alike = np.maximum(np.take_along_axis(cosines, near, axis=1), 0) ** 2
    totals = np.sqrt(np.maximum(counts.sum(axis=1), np.finfo(np.float32).tiny))
    borrowed = np.zeros_like(cosines)
    for row, (places, weights) in enumerate(zip(near, alike / totals[near], strict=True)):
        borrowed[row] = weights @ counts[places].toarray()
    return {POPULARITY: popular, BORROWED: np.log1p(borrowed), TEXT: cosines}


def _chosen(
    scores: NDArray[np.float32], parts: Parts, names: tuple[str, ...], split: BasketSplit
) -> tuple[Chosen, float]:
    """The weights of most recall, and that recall."""
    tried = [
        dict(zip(names, weights, strict=True)) for weights in product(*(WEIGHTS[name] for name in names))
    ]
    found = [_recall(_sum(scores, parts, weights), split) for weights in tried]
    best = int(np.argmax(found))
    return tried[best], found[best]


def _sum(scores: NDArray[np.float32], parts: Parts, weights: Chosen) -> NDArray[np.float32]:
    total = scores
    for name, weight in weights.items():
        total = total + np.float32(weight) * parts[name]
    return total


def _recall(scores: NDArray[np.float32], split: BasketSplit) -> float:
    """Mean recall at 50 over all requests whose trigger is new.

    Args:
        scores: float32 [new triggers, items].
        split: whose baskets are asked.
    """
    asked, triggers = split.asked, _triggers(split)
    own = np.array(scores)
    own[np.arange(len(triggers)), triggers] = -np.inf
    lists = {trigger: best_places(row, DEPTH) for trigger, row in zip(triggers.tolist(), own, strict=True)}
    requests = np.flatnonzero(split.new[asked.members])
    owners = asked.owners[requests]
    found = [
        np.isin(asked.members[asked.offsets[owner] : asked.offsets[owner + 1]], lists[trigger]).sum()
        / (asked.offsets[owner + 1] - asked.offsets[owner] - 1)
        for owner, trigger in zip(owners.tolist(), asked.members[requests].tolist(), strict=True)
    ]
    return float(np.mean(found))
