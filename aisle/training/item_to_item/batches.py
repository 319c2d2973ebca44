"""What the heads see at a time: triggers, candidates, and which of these were in baskets together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from aisle.baskets import Baskets
from aisle.recommendation.item_to_item.basket_counts import UNIT
from aisle.recommendation.matrices import pairs_together

_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One step.

    Attributes:
        rows: int64 [r], places of the items that take part.
        triggers, candidates: int64 [t] and [c], places in ``rows``.
        partners: float32 [t, c], how a trigger's partners are shared among the candidates; rows sum to 1.
        weights: float32 [t], what each trigger counts.
        drawn: float32 [c], the logarithm of how likely each candidate is drawn; 0 where all take part.
    """

    rows: NDArray[np.int64]
    triggers: Tensor
    candidates: Tensor
    partners: Tensor
    weights: Tensor
    drawn: Tensor

    @property
    def itself(self) -> Tensor:
        """bool [t, c], where a candidate is the trigger."""
        return self.triggers[:, None] == self.candidates


class Batches(Protocol):
    """Makes the batches of an epoch."""

    @property
    def steps(self) -> int:
        """Of an epoch, about."""

    def epoch(self, random: np.random.Generator) -> Iterator[Batch]:
        """The next epoch."""


class BatchMaker(Protocol):
    """How batches are made."""

    def words(self) -> str:
        """For manifests and tables."""

    def of(self, baskets: Baskets, options: PairOptions) -> Batches:
        """Batches of these baskets."""


@dataclass(frozen=True, slots=True)
class PairOptions:
    """What a pair of a basket counts in training.

    Attributes:
        largest: baskets of more items are left out.
        half_life: days after which a basket counts half; 0: all count alike.
    """

    largest: int = 100
    half_life: float = 0.0

    def kept(self, baskets: Baskets) -> Baskets:
        """Those that are learned from."""
        lengths = baskets.lengths
        return baskets.of_baskets(np.flatnonzero((lengths > 1) & (lengths <= self.largest)))

    def recency(self, baskets: Baskets) -> NDArray[np.float64]:
        """float64 [baskets], 1 for the latest."""
        if not self.half_life or baskets.times is None:
            return np.ones(len(baskets))
        found: NDArray[np.float64] = 0.5 ** ((baskets.times.max() - baskets.times) / (_DAY * self.half_life))
        return found


@dataclass(frozen=True, slots=True)
class CountedRows:
    """Every trigger with all its partners at once, among all items that were ordered.

    What a pass over all pairs sees is summed up before, so an epoch is a pass over items: it costs a
    fraction, and candidates need no correction, as none is drawn.

    Attributes:
        triggers: in a batch.
    """

    triggers: int = 512

    def words(self) -> str:
        """See `BatchMaker`."""
        return f"{self.triggers:,} triggers against all items"

    def of(self, baskets: Baskets, options: PairOptions) -> Batches:
        """See `BatchMaker`."""
        kept = options.kept(baskets)
        weights = np.rint(UNIT * options.recency(kept) / (kept.lengths - 1)).astype(np.int64)
        together = pairs_together(kept.owners, kept.members.astype(np.int64), weights, len(kept.items))
        return _Rows(together, self.triggers)


class _Rows:
    """See `CountedRows`."""

    def __init__(self, together: sparse.csr_array, size: int) -> None:
        totals = np.asarray(together.sum(axis=1), dtype=np.float64).reshape(-1)
        self._rows = np.flatnonzero(totals > 0)
        shares = sparse.csr_array(together[self._rows][:, self._rows], dtype=np.float64)
        own = totals[self._rows]
        shares.data /= np.repeat(own, np.diff(shares.indptr))
        self._shares = shares.astype(np.float32)
        self._weights = torch.from_numpy((own / own.mean()).astype(np.float32))
        self._size = size
        self.steps = -(-len(self._rows) // size)

    def epoch(self, random: np.random.Generator) -> Iterator[Batch]:
        order = random.permutation(len(self._rows))
        everything = torch.arange(len(self._rows))
        none = torch.zeros(len(self._rows))
        for begin in range(0, len(order), self._size):
            chosen = order[begin : begin + self._size]
            triggers = torch.from_numpy(chosen)
            partners = torch.from_numpy(self._shares[chosen].toarray())
            yield Batch(self._rows, triggers, everything, partners, self._weights[triggers], none)


@dataclass(frozen=True, slots=True)
class DrawnPairs:
    """A trigger and one of its partners, against the partners of the other triggers of the batch.

    Every item of a basket is a trigger once an epoch, with another item of the basket that is drawn.

    Attributes:
        pairs: in a batch; MTMH (arXiv 2506.06239) has 2,048.
    """

    pairs: int = 2048

    def words(self) -> str:
        """See `BatchMaker`."""
        return f"{self.pairs:,} drawn pairs, negatives within the batch"

    def of(self, baskets: Baskets, options: PairOptions) -> Batches:
        """See `BatchMaker`."""
        kept = options.kept(baskets)
        return _Pairs(kept, options.recency(kept), self.pairs)


class _Pairs:
    """See `DrawnPairs`."""

    def __init__(self, baskets: Baskets, recency: NDArray[np.float64], size: int) -> None:
        self._baskets, self._recency, self._size = baskets, recency, size
        self.steps = max(1, -(-round(float(recency @ baskets.lengths)) // size))
        taken = np.bincount(baskets.members, weights=recency[baskets.owners], minlength=len(baskets.items))
        # Of so many that are drawn, at least one.
        share = np.clip(taken / max(1.0, taken.sum()), 1e-12, 0.5)
        self._drawn = np.log(-np.expm1(size * np.log1p(-share))).astype(np.float32)

    def epoch(self, random: np.random.Generator) -> Iterator[Batch]:
        baskets, owners = self._baskets, self._baskets.owners
        places = np.flatnonzero(random.random(len(owners)) < self._recency[owners])
        own = owners[places]
        lengths, begins = baskets.lengths[own], baskets.offsets[:-1][own]
        steps = 1 + (random.random(len(places)) * (lengths - 1)).astype(np.int64)
        others = begins + (places - begins + steps) % lengths
        order = random.permutation(len(places))
        first = baskets.members[places[order]].astype(np.int64)
        second = baskets.members[others[order]].astype(np.int64)
        for begin in range(0, len(order), self._size):
            yield self._batch(first[begin : begin + self._size], second[begin : begin + self._size])

    def _batch(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> Batch:
        rows, places = np.unique(np.concatenate((first, second)), return_inverse=True)
        triggers, targets = np.split(places.astype(np.int64), 2)
        # An item that is a partner several times is one candidate.
        candidates, target = np.unique(targets, return_inverse=True)
        partners = torch.zeros(len(first), len(candidates))
        partners[torch.arange(len(first)), torch.from_numpy(target)] = 1
        return Batch(
            rows,
            torch.from_numpy(triggers),
            torch.from_numpy(candidates),
            partners,
            torch.ones(len(first)),
            torch.from_numpy(self._drawn[rows[candidates]]),
        )
