"""How a ranker is trained."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from aisle._arguments import check_real, check_whole
from aisle.errors import InputError
from aisle.search.rank.trees import MAX_LEAVES


class Unjudged(Enum):
    """What candidates that nobody judged are taken for."""

    IRRELEVANT = "irrelevant"
    """As good as grade 0: right where whoever judged saw most of what is good."""
    LEFT_OUT = "left-out"
    """They teach nothing: judged items alone are put in order."""
    SAMPLED = "sampled"
    """Grade 0 for a few of them, drawn from each query: weaker than all of them."""


class Gains(Enum):
    """What a grade is worth, in training and in measuring."""

    EXPONENTIAL = "exponential"
    """2^grade - 1: grades of judges."""
    LINEAR = "linear"
    """The grade itself: rates, such as those of clicks."""


class ModelKind(Enum):
    """What is trained."""

    TREES = "trees"
    """LambdaMART (Burges 2010): gradient boosted trees."""
    LINEAR = "linear"
    """A weighted sum, which needs no lightgbm."""


@dataclass(frozen=True, slots=True)
class RankerSettings:
    """One way to train.

    Attributes:
        kind: of the model.
        trees: how many; leaves: of each, 2 to 64.
        rate: what a tree adds, as a share of what it found.
        least_in_leaf: candidates that a leaf needs.
        share: of the features that each tree may look at.
        unjudged: what candidates that nobody judged are taken for.
        sampled: of them per query, for ``Unjudged.SAMPLED``.
        monotone: hold the model to the features' signs.
        depth: ranks that count in training; measured are the first 20.
        penalty: of a linear model's weights.
        seed: of what is drawn.

    Raises:
        InputError: a number that cannot be used.
    """

    kind: ModelKind = ModelKind.TREES
    trees: int = 100
    leaves: int = 31
    rate: float = 0.1
    least_in_leaf: int = 200
    share: float = 0.5
    unjudged: Unjudged = Unjudged.IRRELEVANT
    sampled: int = 30
    monotone: bool = True
    depth: int = 30
    penalty: float = 1.0
    seed: int = 7

    def __post_init__(self) -> None:
        check_whole(trees=self.trees, leaves=self.leaves, sampled=self.sampled, depth=self.depth)
        check_real(rate=self.rate, share=self.share, penalty=self.penalty)
        for name, holds, fix in (
            ("trees", 1 <= self.trees <= MAX_TREES, f"1 to {MAX_TREES:,}"),
            ("leaves", 2 <= self.leaves <= MAX_LEAVES, f"2 to {MAX_LEAVES}"),
            ("rate", 0 < self.rate <= 1, "above 0, at most 1"),
            ("least_in_leaf", self.least_in_leaf >= 1, "1 or more"),
            ("share", 0 < self.share <= 1, "above 0, at most 1"),
            ("sampled", self.sampled >= 1, "1 or more"),
            ("depth", self.depth >= 1, "1 or more"),
            ("penalty", self.penalty > 0, "above 0"),
        ):
            if not holds:
                raise InputError(
                    f"a ranker cannot be trained with {name} {getattr(self, name)}", fix=f"give {fix}"
                )


MAX_TREES: Final = 2_000
