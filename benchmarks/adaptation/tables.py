"""Ways to place more ids than a table has rows: Aisle's own and its rivals, and which ids collide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from aisle.recommendation.id_keys import keys_of
from aisle.recommendation.id_table import IdTable, IdTableOptions

DECILES: Final = 10
_BATCH: Final = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """Ids in the order in which they were seen.

    Attributes:
        ids: each once, also those that were never seen.
        stream: int64 [sightings], positions of ids.
    """

    ids: tuple[str, ...]
    stream: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """int64 [ids], sightings of each."""
        return np.bincount(self.stream, minlength=len(self.ids)).astype(np.int64)


class Placement(Protocol):
    """A way to place ids."""

    @property
    def name(self) -> str:
        """For tables."""

    def rows_of(self, arrivals: Arrivals, rows: int, seed: int) -> NDArray[np.int64]:
        """The rows whose sum is an id's embedding, int64 [ids, rows of each], below ``rows``."""


@dataclass(frozen=True, slots=True)
class OwnRows:
    """Every id has a row, however many that takes: what all others are measured against."""

    name: str = "one row an id"

    def rows_of(self, arrivals: Arrivals, rows: int, seed: int) -> NDArray[np.int64]:  # noqa: ARG002
        """See `Placement`."""
        return np.arange(len(arrivals.ids))[:, None]


@dataclass(frozen=True, slots=True)
class Modulo:
    """A hash decides the row (Weinberger et al. 2009, arXiv 0902.2206)."""

    name: str = "modulo"

    def rows_of(self, arrivals: Arrivals, rows: int, seed: int) -> NDArray[np.int64]:
        """See `Placement`."""
        return _hashed(arrivals.ids, rows, seed)[:, None]


@dataclass(frozen=True, slots=True)
class DoubleHashing:
    """Two hashes, each into half of the rows, as in the quotient-remainder trick.

    Quotient and remainder (Shi et al. 2019, arXiv 1909.02164) need numbered ids; of strings hashes do it.
    """

    name: str = "double hashing"

    def rows_of(self, arrivals: Arrivals, rows: int, seed: int) -> NDArray[np.int64]:
        """See `Placement`."""
        half = rows // 2
        first, second = _hashed(arrivals.ids, half, seed), _hashed(arrivals.ids, rows - half, seed + 1_000)
        return np.stack([first, half + second], axis=1)


@dataclass(frozen=True, slots=True)
class MostFrequent:
    """The most frequent ids have rows, by a dict that is made once all were counted; the others share some.

    Attributes:
        buckets: share of the rows that ids without their own are hashed into; 0: one row for all of them.
    """

    buckets: float = 0.0

    @property
    def name(self) -> str:
        """See `Placement`."""
        return f"top N + {self.buckets:.0%} of the rows by hash" if self.buckets else "top N + one shared row"

    def rows_of(self, arrivals: Arrivals, rows: int, seed: int) -> NDArray[np.int64]:
        """See `Placement`."""
        shared = max(1, round(self.buckets * rows))
        found = _hashed(arrivals.ids, shared, seed)
        best = np.argsort(-arrivals.counts, kind="stable")[: rows - shared]
        found[best] = shared + np.arange(len(best))
        return found[:, None]


@dataclass(frozen=True, slots=True)
class ByIdTable:
    """`IdTable`, told of ids as they come.

    Attributes:
        sightings: before an id has a row.
    """

    sightings: int = 2

    @property
    def name(self) -> str:
        """See `Placement`."""
        return f"ID table, {self.sightings} sightings"

    def filled(self, arrivals: Arrivals, rows: int) -> tuple[IdTable, int]:
        """The table after all arrivals, and how often a row went from one id to another."""
        table = IdTable(IdTableOptions(rows=rows, sightings=self.sightings))
        ids = np.array(arrivals.ids, dtype=object)
        given = 0
        for now, begin in enumerate(range(0, len(arrivals.stream), _BATCH)):
            seen = ids[arrivals.stream[begin : begin + _BATCH]].tolist()
            given += len(table.observe(seen, now).handed_on)
        return table, given - len(table)

    def rows_of(self, arrivals: Arrivals, rows: int, seed: int) -> NDArray[np.int64]:  # noqa: ARG002
        """See `Placement`."""
        table, _ = self.filled(arrivals, rows)
        return table.rows_of(arrivals.ids).astype(np.int64)[:, None]


def canonical(placed: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same ids together under other numbers of rows: each row is called by the first that reads it."""
    numbers, firsts, found = np.unique(placed, return_index=True, return_inverse=True)
    order = np.empty(len(numbers), dtype=np.int64)
    order[np.argsort(firsts)] = np.arange(len(numbers))
    return order[found].reshape(placed.shape)


def collisions(placed: NDArray[np.int64], counts: NDArray[np.int64]) -> list[float]:
    """Share of the ids whose rows are those of another id, by decile of frequency, the most frequent first.

    Args:
        placed: int64 [ids, rows of each].
        counts: int64 [ids], sightings.
    """
    _, same, shared = np.unique(placed, axis=0, return_inverse=True, return_counts=True)
    collides = shared[same.reshape(-1)] > 1
    order = np.argsort(-counts, kind="stable")
    return [float(collides[part].mean()) for part in np.array_split(order, DECILES)]


def _hashed(ids: tuple[str, ...], rows: int, seed: int) -> NDArray[np.int64]:
    odd = np.random.default_rng(seed).integers(0, 2**63, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    return ((keys_of(ids)[:, 0] * odd >> np.uint64(32)) % np.uint64(rows)).astype(np.int64)
