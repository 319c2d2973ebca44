"""The channels that need no training: what is popular, what was taken after or with it, what reads alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from aisle.recommendation.channel import Channel, recency_weights, step_weights
from aisle.recommendation.counts import ItemCounts
from aisle.sequences import Sequences


@dataclass(frozen=True, slots=True, eq=False)
class Popularity:
    """The same for everybody: how many users took an item.

    Attributes:
        name: see `Channel`.
        popularity: float32 [items].
    """

    name: str
    popularity: NDArray[np.float32]

    def scores(self, histories: Sequences) -> NDArray[np.float32]:
        """See `Channel`."""
        return np.broadcast_to(self.popularity, (len(histories), len(self.popularity)))

    def shares(self, history: NDArray[np.int32], items: NDArray[np.intp]) -> NDArray[np.float32]:
        """See `Channel`: the history adds nothing."""
        return np.zeros((len(history), len(items)), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ItemToItem:
    """Scores of items by those of the history, the later the more.

    Attributes:
        name: see `Channel`.
        matrix: float32 [items, items], sparse or dense: in row a and column b how much a speaks for b.
        decay: weight of an item for each that came after it, 0 to 1; 0 looks at the last item alone.
    """

    name: str
    matrix: sparse.csr_array | NDArray[np.float32]
    decay: float

    def scores(self, histories: Sequences) -> NDArray[np.float32]:
        """See `Channel`."""
        found = recency_weights(histories, self.decay) @ self.matrix
        return np.asarray(found.toarray() if isinstance(found, sparse.sparray) else found, dtype=np.float32)

    def shares(self, history: NDArray[np.int32], items: NDArray[np.intp]) -> NDArray[np.float32]:
        """See `Channel`."""
        rows = self.matrix[history][:, items]
        found = rows.toarray() if isinstance(rows, sparse.sparray) else rows
        return np.asarray(step_weights(len(history), self.decay)[:, None] * found, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class TextCosine:
    """Cosine of an item's text with those of the history; as in counts, an item does not speak for itself.

    Attributes:
        name: see `Channel`.
        vectors: float32 [items, dims], rows of unit length; of zeros for an item without a text.
        decay: weight of an item for each that came after it, 0 to 1.
        last: share of the last item alone, 0 to 1; the rest is the weighted mean over the history.
    """

    name: str
    vectors: NDArray[np.float32]
    decay: float
    last: float

    def scores(self, histories: Sequences) -> NDArray[np.float32]:
        """See `Channel`."""
        weights = recency_weights(histories, self.decay)
        total = np.maximum(np.asarray(weights.sum(axis=1)), np.finfo(np.float32).tiny)
        mean = sparse.diags_array(((1 - self.last) / total).astype(np.float32)) @ weights
        query = sparse.coo_array(mean + np.float32(self.last) * recency_weights(histories, 0.0))
        scores = np.asarray(query @ self.vectors @ self.vectors.T, dtype=np.float32)
        own = np.einsum("nd,nd->n", self.vectors[query.col], self.vectors[query.col])
        scores[query.row, query.col] -= query.data * own
        return scores

    def shares(self, history: NDArray[np.int32], items: NDArray[np.intp]) -> NDArray[np.float32]:
        """See `Channel`."""
        weights = text_weights(len(history), self.decay, self.last)
        cosines = self.vectors[history] @ self.vectors[items].T
        cosines[history[:, None] == items] = 0
        return np.asarray(weights[:, None] * cosines, dtype=np.float32)


def text_weights(steps: int, decay: float, last: float) -> NDArray[np.float32]:
    """Weights of the texts of one history, oldest first, as in `TextCosine`.

    Returns:
        float32 [steps], which sum to 1.
    """
    weights = step_weights(steps, decay)
    weights = np.float32(1 - last) * weights / max(weights.sum(), np.finfo(np.float32).tiny)
    weights[-1:] += np.float32(last)
    return np.asarray(weights, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """A weighted sum of channels.

    Scores are added as they are: those of counts grow with what is known of a history, so that texts decide
    where little is.

    Attributes:
        name: see `Channel`.
        parts: channels and their weights.
    """

    name: str
    parts: tuple[tuple[Channel, float], ...]

    def with_part(self, channel: Channel, weight: float) -> Blend:
        """With one more channel; as it is with a weight of 0."""
        if not weight:
            return self
        return Blend(f"{self.name} + {channel.name}", (*self.parts, (channel, weight)))

    def scores(self, histories: Sequences) -> NDArray[np.float32]:
        """See `Channel`."""
        total = np.zeros((len(histories), len(histories.items)), dtype=np.float32)
        for channel, weight in self.parts:
            total += np.float32(weight) * channel.scores(histories)
        return total

    def shares(self, history: NDArray[np.int32], items: NDArray[np.intp]) -> NDArray[np.float32]:
        """See `Channel`."""
        total = np.zeros((len(history), len(items)), dtype=np.float32)
        for channel, weight in self.parts:
            total += np.float32(weight) * channel.shares(history, items)
        return total


def followers(counts: ItemCounts, power: float = 0.5) -> sparse.csr_array:
    """What comes after an item: directed counts, divided by how many took the item, to some power.

    Args:
        counts: of users' items.
        power: 0 lets popular items of a history speak loudest; 1 makes each say a probability.

    Returns:
        float32 [items, items].
    """
    scale = np.maximum(counts.takers, 1).astype(np.float64) ** -power / counts.options.unit
    return _float32(sparse.diags_array(scale) @ counts.follows)


def cosine(together: sparse.csr_array, takers: NDArray[np.int64], shrink: float = 0.0) -> sparse.csr_array:
    """What is taken together: cosine of the users who took one and those who took the other.

    Args:
        together: of every two items how many took both.
        takers: int64 [items], how many took each.
        shrink: added to the denominator, so that few common users count for less.

    Returns:
        float32 [items, items], symmetric.
    """
    both = together.tocoo()
    norms = np.sqrt(takers.astype(np.float64))
    below = norms[both.row] * norms[both.col] + shrink
    return _float32(sparse.csr_array((both.data / below, (both.row, both.col)), shape=both.shape))


def _float32(matrix: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array(matrix).astype(np.float32)
