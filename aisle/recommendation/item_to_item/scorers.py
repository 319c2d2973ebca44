"""What names items for a trigger without training: counts, texts, and the two together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from aisle.evaluation.item_to_item.lists import Lister, TriggerScorer
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.recommendation.item_to_item.quota import merge_by_quota


@dataclass(frozen=True, slots=True, eq=False)
class PopularityScorer:
    """The same for every trigger.

    Attributes:
        name: for tables.
        taken: int64 [items], how many baskets have each.
    """

    name: str
    taken: NDArray[np.int64]

    def scores(self, triggers: NDArray[np.int32]) -> NDArray[np.float32]:
        """float32 [triggers, items]."""
        return np.broadcast_to(self.taken.astype(np.float32), (len(triggers), len(self.taken)))


@dataclass(frozen=True, slots=True, eq=False)
class MatrixScorer:
    """A matrix of items by items.

    Attributes:
        name: for tables.
        matrix: float32 [items, items], sparse or dense: in a trigger's row how much speaks for each other.
    """

    name: str
    matrix: sparse.csr_array | NDArray[np.float32]

    def scores(self, triggers: NDArray[np.int32]) -> NDArray[np.float32]:
        """float32 [triggers, items]."""
        rows = self.matrix[triggers]
        return np.asarray(rows.toarray() if isinstance(rows, sparse.sparray) else rows, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class VectorScorer:
    """Inner products of a trigger's vector with those of all items.

    Attributes:
        name: for tables.
        queries, vectors: float32 [items, dims] each, of items as triggers and as candidates.
    """

    name: str
    queries: NDArray[np.float32]
    vectors: NDArray[np.float32]

    def scores(self, triggers: NDArray[np.int32]) -> NDArray[np.float32]:
        """float32 [triggers, items]."""
        return np.asarray(self.queries[triggers] @ self.vectors.T, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class EngagementScorer:
    """The engagement head of a model, with the counts beside it.

    Attributes:
        name: for tables.
        model: that was trained.
    """

    name: str
    model: TwoHeads

    def scores(self, triggers: NDArray[np.int32]) -> NDArray[np.float32]:
        """float32 [triggers, items]."""
        return self.model.engagement_scores(triggers)


@dataclass(frozen=True, slots=True, eq=False)
class RelevanceScorer:
    """The relevance head of a model.

    Attributes:
        name: for tables.
        model: that was trained.
    """

    name: str
    model: TwoHeads

    def scores(self, triggers: NDArray[np.int32]) -> NDArray[np.float32]:
        """float32 [triggers, items]."""
        return self.model.relevance_scores(triggers)


@dataclass(frozen=True, slots=True, eq=False)
class WeightedSum:
    """One list of two scores: the first in parts of the trigger's highest, and so much of the second.

    Attributes:
        name: for tables.
        first, second: of counts, and of texts.
        weight: of the second, 0 or above.
    """

    name: str
    first: TriggerScorer
    second: TriggerScorer
    weight: float

    def scores(self, triggers: NDArray[np.int32]) -> NDArray[np.float32]:
        """float32 [triggers, items]."""
        first = self.first.scores(triggers)
        highest = np.maximum(first.max(axis=1, keepdims=True), np.finfo(np.float32).tiny)
        return np.asarray(first / highest + np.float32(self.weight) * self.second.scores(triggers))


@dataclass(frozen=True, slots=True, eq=False)
class QuotaLister:
    """Two lists, interleaved by quota, see `merge_by_quota`.

    Attributes:
        name: for tables.
        engagement, relevance: the lists.
        alpha: percent of the places that engagement gets.
    """

    name: str
    engagement: Lister
    relevance: Lister
    alpha: float

    def lists(self, triggers: NDArray[np.int32], size: int) -> NDArray[np.int32]:
        """int32 [triggers, size]; -1 where there are no more."""
        pairs = zip(
            self.engagement.lists(triggers, size).tolist(),
            self.relevance.lists(triggers, size).tolist(),
            strict=True,
        )
        found = np.full((len(triggers), size), -1, dtype=np.int32)
        for row, (bought, alike) in enumerate(pairs):
            merged = merge_by_quota(_there(bought), _there(alike), self.alpha, size)
            found[row, : len(merged)] = [place.id for place in merged]
        return found


def jaccard(together: sparse.csr_array, taken: NDArray[np.int64]) -> sparse.csr_array:
    """float32 [items, items], of the baskets that have one of two items or both, the share that have both.

    Args:
        together: of every two items how many baskets have both.
        taken: int64 [items], how many have each.
    """
    both = together.tocoo()
    either = taken[both.row] + taken[both.col] - both.data
    return _float32(both, both.data / either)


def lift(together: sparse.csr_array, taken: NDArray[np.int64], baskets: int) -> sparse.csr_array:
    """float32 [items, items], how many times as often as by chance two items are together; orders as PMI.

    Args:
        together: of every two items how many baskets have both.
        taken: int64 [items], how many have each.
        baskets: in all.
    """
    both = together.tocoo()
    by_chance = taken[both.row].astype(np.float64) * taken[both.col] / baskets
    return _float32(both, both.data / by_chance)


def _float32(places: sparse.coo_array, values: NDArray[np.float64]) -> sparse.csr_array:
    return sparse.csr_array((values.astype(np.float32), (places.row, places.col)), shape=places.shape)


def _there(items: list[int]) -> list[int]:
    return [item for item in items if item >= 0]
