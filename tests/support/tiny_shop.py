"""A made-up shop with graded judgments: queries name a colour and a kind of tool."""

from __future__ import annotations

import random

from aisle.training.data.training_set import Pair, PairSource, TrainingSet, training_set

KINDS = ("drill", "saw", "lamp", "tap", "tile", "rope")
COLOURS = ("red", "blue", "green", "black")
ITEMS = {f"{c}-{k}-{n}": f"{c} {k} no {n}" for c in COLOURS for k in KINDS for n in range(3)}


def shop(split: str, count: int, seed: int) -> TrainingSet:
    """Queries name a colour and a kind: both right is 3, the kind alone 1, the rest 0."""
    draw = random.Random(seed)
    pairs = []
    for number in range(count):
        colour, kind = draw.choice(COLOURS), draw.choice(KINDS)
        for item in [*draw.sample(sorted(ITEMS), 8), f"{colour}-{kind}-{draw.randrange(3)}"]:
            right_colour, right_kind = item.startswith(colour), kind in item
            grade = 3 if right_colour and right_kind else 1 if right_kind else 0
            pairs.append(Pair(f"{split}{number}", f"{kind} {colour}", item, grade, PairSource.JUDGMENTS))
    return training_set(pairs, ITEMS)
