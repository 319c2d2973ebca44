"""The channels over arrays instead of an index: a node is held to them, and coverage is measured so. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisle.recommendation.channel import best
from aisle.search.fusion import LegResult
from aisle.search.recommend.channels import ANN, COUNTS, POPULARITY, PREFIX


@dataclass(frozen=True, slots=True, eq=False)
class ItemArrays:
    """Every item of a catalogue, in order of id, so that ties fall as they do in an index.

    Attributes:
        ids: sorted.
        vectors: float32 [items, dims].
        popularity: float32 [items], 0 to 1.
        prefixes: of each item's semantic ID, at the level that is routed by; empty where there is none.
    """

    ids: tuple[str, ...]
    vectors: NDArray[np.float32]
    popularity: NDArray[np.float32]
    prefixes: tuple[str, ...] = ()

    def nearest(self, vector: NDArray[np.float32], allowed: NDArray[np.bool_], size: int) -> LegResult:
        """The exact answer of the channel ANN."""
        return self._best(self.vectors @ vector, allowed, size)

    def under(
        self,
        prefixes: Sequence[str],
        vector: NDArray[np.float32],
        allowed: NDArray[np.bool_],
        size: int,
    ) -> LegResult:
        """The answer of the prefix channel."""
        wanted = set(prefixes)
        there = np.fromiter((prefix in wanted for prefix in self.prefixes), np.bool_, len(self.ids))
        return self._best(self.vectors @ vector, allowed & there, size)

    def counted(self, counts: NDArray[np.float32], allowed: NDArray[np.bool_], size: int) -> LegResult:
        """The answer of the counts channel; ``counts`` float32 [items]."""
        return self._best(counts, allowed & (counts > 0), size)

    def popular(self, allowed: NDArray[np.bool_], size: int) -> LegResult:
        """The answer of the popularity channel."""
        return self._best(self.popularity, allowed, size)

    def channels(
        self,
        vector: NDArray[np.float32] | None,
        counts: NDArray[np.float32],
        allowed: NDArray[np.bool_],
        size: int,
        prefixes: Sequence[str] = (),
    ) -> dict[str, LegResult]:
        """What every channel finds that has something to go by, as `plan_recommendation` asks them.

        Args:
            vector: float32 [dims], the user's; None where it says nothing.
            counts: float32 [items].
            allowed: bool [items], what passes filters and is not excluded.
            size: of each channel.
            prefixes: that the router expects.
        """
        found = {}
        if vector is not None:
            found[ANN] = self.nearest(vector, allowed, size)
            if prefixes:
                found[PREFIX] = self.under(prefixes, vector, allowed, size)
        if (counts > 0).any():
            found[COUNTS] = self.counted(counts, allowed, size)
        if vector is not None:
            allowed = allowed & ~self.vectors.any(axis=1)
        found[POPULARITY] = self.popular(allowed, size)
        return found

    def _best(self, scores: NDArray[np.float32], allowed: NDArray[np.bool_], size: int) -> LegResult:
        chosen = best(scores, size, allowed)
        return LegResult([self.ids[place] for place in chosen.tolist()], scores[chosen].tolist())
