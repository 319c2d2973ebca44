"""Systems that need no training, each with the settings that validation chooses from."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from aisle.baskets import Baskets
from aisle.evaluation.item_to_item.lists import BestOf, ItemFacts, Lister, ListFigures, evaluate_lists
from aisle.evaluation.item_to_item.protocol import BasketProtocol, BasketSplit, split_baskets
from aisle.evaluation.sequences.protocol import Phase
from aisle.recommendation.channels import cosine
from aisle.recommendation.choose import Choice
from aisle.recommendation.ease import MAX_ITEMS, ease
from aisle.recommendation.item_to_item.basket_counts import (
    SHARED,
    UNIT,
    UNWEIGHTED,
    BasketCountOptions,
    BasketCounts,
    count_baskets,
    together_scores,
)
from aisle.recommendation.item_to_item.scorers import (
    MatrixScorer,
    PopularityScorer,
    QuotaLister,
    VectorScorer,
    WeightedSum,
    jaccard,
    lift,
)

CHOSEN_BY: Final = "R@50"
SUM_WEIGHTS: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0)

Setting = TypeVar("Setting")


class BasketsLearned:
    """What simple systems know: baskets, as counted in one way or another, and texts."""

    def __init__(self, baskets: Baskets, texts: NDArray[np.float32] | None) -> None:
        """See the class.

        Args:
            baskets: to learn from.
            texts: float32 [items, dims], unit vectors; zeros without a text.
        """
        self.baskets, self.texts = baskets, texts
        self._weighted: dict[BasketCountOptions, sparse.csr_array] = {}

    @cached_property
    def counts(self) -> BasketCounts:
        """Every basket alike."""
        return count_baskets(self.baskets, UNWEIGHTED)

    @cached_property
    def together(self) -> sparse.csr_array:
        """int64 [items, items], numbers of baskets."""
        both = self.counts.together.copy()
        both.data //= UNIT
        return both

    def weighted(self, options: BasketCountOptions) -> sparse.csr_array:
        """float32 [items, items], weighted by size."""
        if options not in self._weighted:
            self._weighted[options] = together_scores(count_baskets(self.baskets, options))
        return self._weighted[options]


class BasketSystem(ABC, Generic[Setting]):
    """A way to name items for a trigger.

    Attributes:
        name: for tables.
    """

    name: str

    def fits(self, _: BasketsLearned) -> bool:
        """Whether it can be built of what is known."""
        return True

    @abstractmethod
    def settings(self) -> tuple[Setting, ...]:
        """What validation chooses from, the usual one first."""

    @abstractmethod
    def lister(self, learned: BasketsLearned, setting: Setting) -> Lister:
        """The system with a setting."""


class PopularSystem(BasketSystem[None]):
    """What most baskets have."""

    name = "popularity"

    def settings(self) -> tuple[None, ...]:
        return (None,)

    def lister(self, learned: BasketsLearned, _: None) -> Lister:
        return BestOf(PopularityScorer(self.name, learned.counts.taken))


class CountsSystem(BasketSystem[None]):
    """How many baskets have both."""

    name = "counts"

    def settings(self) -> tuple[None, ...]:
        return (None,)

    def lister(self, learned: BasketsLearned, _: None) -> Lister:
        return BestOf(MatrixScorer(self.name, learned.together.astype(np.float32)))


class WeightedCountsSystem(BasketSystem[BasketCountOptions]):
    """The same, each basket with 1 / log2(1 + its size)."""

    name = "weighted counts"

    def settings(self) -> tuple[BasketCountOptions, ...]:
        return (BasketCountOptions(),)

    def lister(self, learned: BasketsLearned, setting: BasketCountOptions) -> Lister:
        return BestOf(MatrixScorer(self.name, learned.weighted(setting)))


class ChosenWeightSystem(WeightedCountsSystem):
    """The same, with the weight that validation chooses."""

    name = "weighted counts, weight chosen"

    def settings(self) -> tuple[BasketCountOptions, ...]:
        powers = (BasketCountOptions(log_power=0.0, power=power) for power in (0.5, 0.75, 1.0, 1.25))
        return (BasketCountOptions(), *powers)


@dataclass(frozen=True, slots=True)
class Added:
    """What is added below a cosine, or to the diagonal that EASE inverts."""

    added: float


class CosineSystem(BasketSystem[Added]):
    """Cosine of the baskets, with a number added below."""

    name = "cosine"

    def settings(self) -> tuple[Added, ...]:
        return (Added(0.0), Added(5.0), Added(20.0))

    def lister(self, learned: BasketsLearned, setting: Added) -> Lister:
        found = cosine(learned.together, learned.counts.taken, setting.added)
        return BestOf(MatrixScorer(self.name, found))


class JaccardSystem(BasketSystem[None]):
    """Both of either."""

    name = "Jaccard"

    def settings(self) -> tuple[None, ...]:
        return (None,)

    def lister(self, learned: BasketsLearned, _: None) -> Lister:
        return BestOf(MatrixScorer(self.name, jaccard(learned.together, learned.counts.taken)))


@dataclass(frozen=True, slots=True)
class AtLeast:
    """How many baskets must have both."""

    baskets: int


class LiftSystem(BasketSystem[AtLeast]):
    """How much more often than by chance, of pairs that so many baskets have at least."""

    name = "lift"

    def settings(self) -> tuple[AtLeast, ...]:
        return (AtLeast(1), AtLeast(5), AtLeast(20))

    def lister(self, learned: BasketsLearned, setting: AtLeast) -> Lister:
        together = learned.together.copy()
        together.data[together.data < setting.baskets] = 0
        together.eliminate_zeros()
        return BestOf(MatrixScorer(self.name, lift(together, learned.counts.taken, len(learned.baskets))))


class EaseBasketSystem(BasketSystem[Added]):
    """A ridge regression of all items on all others, see `ease`."""

    name = "EASE"

    def fits(self, learned: BasketsLearned) -> bool:
        return len(learned.baskets.items) <= MAX_ITEMS

    def settings(self) -> tuple[Added, ...]:
        return (Added(200.0), Added(1000.0), Added(3000.0))

    def lister(self, learned: BasketsLearned, setting: Added) -> Lister:
        found = ease(learned.together, learned.counts.taken, setting.added)
        return BestOf(MatrixScorer(self.name, found))


class TextBasketSystem(BasketSystem[None]):
    """Cosine of texts."""

    name = "text"

    def fits(self, learned: BasketsLearned) -> bool:
        return learned.texts is not None

    def settings(self) -> tuple[None, ...]:
        return (None,)

    def lister(self, learned: BasketsLearned, _: None) -> Lister:
        return BestOf(_text(learned))


@dataclass(frozen=True, slots=True)
class SumSetting:
    """How baskets are weighted, and how much texts count beside them."""

    counts: BasketCountOptions
    weight: float


class SumSystem(BasketSystem[SumSetting]):
    """One list of weighted counts and texts."""

    name = "weighted sum"

    def fits(self, learned: BasketsLearned) -> bool:
        return learned.texts is not None

    def settings(self) -> tuple[SumSetting, ...]:
        return tuple(
            SumSetting(counts, weight)
            for counts, weight in product((BasketCountOptions(), SHARED), SUM_WEIGHTS)
        )

    def lister(self, learned: BasketsLearned, setting: SumSetting) -> Lister:
        counts = MatrixScorer("counts", learned.weighted(setting.counts))
        return BestOf(WeightedSum(self.name, counts, _text(learned), setting.weight))


class QuotaSystem(BasketSystem[float]):
    """Lists of weighted counts and of texts, interleaved."""

    name = "quota of the two"

    def fits(self, learned: BasketsLearned) -> bool:
        return learned.texts is not None

    def settings(self) -> tuple[float, ...]:
        return (50.0,)

    def lister(self, learned: BasketsLearned, setting: float) -> Lister:
        counts = BestOf(MatrixScorer("counts", learned.weighted(BasketCountOptions())))
        return QuotaLister(self.name, counts, BestOf(_text(learned)), setting)


def _text(learned: BasketsLearned) -> VectorScorer:
    if learned.texts is None:
        raise ValueError("there are no texts: ask `fits` first")
    return VectorScorer("text", learned.texts, learned.texts)


@dataclass(frozen=True, slots=True)
class ChosenSystem:
    """One system as validation chose it, and how it did in the test.

    Attributes:
        choice: on validation.
        figures: in the test.
    """

    choice: Choice
    figures: ListFigures


def simple_systems(*, with_ease: bool = True) -> Iterator[BasketSystem[Any]]:
    """All of them, in the order of tables."""
    yield PopularSystem()
    yield CountsSystem()
    yield WeightedCountsSystem()
    yield ChosenWeightSystem()
    yield CosineSystem()
    yield JaccardSystem()
    yield LiftSystem()
    if with_ease:
        yield EaseBasketSystem()
    yield TextBasketSystem()
    yield SumSystem()
    yield QuotaSystem()


def measure_simple_systems(
    baskets: Baskets,
    protocol: BasketProtocol,
    texts: NDArray[np.float32] | None = None,
    facts: ItemFacts | None = None,
    *,
    with_ease: bool = True,
) -> Iterator[ChosenSystem]:
    """Every system that needs no training, one after the other: chosen on validation, then tested.

    Args:
        baskets: all of them.
        protocol: how they are cut.
        texts: float32 [items, dims], unit vectors of the items' texts; without them three systems are left
            out.
        facts: that lists are judged by.
        with_ease: whether EASE is solved, which takes the most time.

    Raises:
        EvaluationError: the protocol does not fit the baskets.
        InputError: EASE cannot be solved.
    """
    validation, test = (split_baskets(baskets, protocol, phase) for phase in (Phase.VALIDATION, Phase.TEST))
    known, relearned = BasketsLearned(validation.train, texts), BasketsLearned(test.train, texts)
    for system in simple_systems(with_ease=with_ease):
        if system.fits(known):
            yield choose_and_test(system, known, validation, relearned, test, facts)


def choose_and_test(
    system: BasketSystem[Setting],
    known: BasketsLearned,
    validation: BasketSplit,
    relearned: BasketsLearned,
    test: BasketSplit,
    facts: ItemFacts | None,
) -> ChosenSystem:
    """The setting with the best mean on validation, in the test; of two as good the first.

    Args:
        system: whose settings are tried.
        known: learned from ``validation.train`` alone.
        validation: what settings are chosen on.
        relearned: learned from ``test.train`` alone.
        test: what is asked with the setting that was chosen.
        facts: that lists are judged by.
    """
    settings = system.settings()
    if len(settings) == 1:
        choice = Choice(settings[0], math.nan, 1, CHOSEN_BY)
    else:
        values = [
            evaluate_lists(system.lister(known, setting), validation).metrics[CHOSEN_BY]
            for setting in settings
        ]
        best = int(np.argmax(values))
        choice = Choice(settings[best], values[best], len(settings), CHOSEN_BY)
    return ChosenSystem(choice, evaluate_lists(system.lister(relearned, choice.setting), test, facts))
