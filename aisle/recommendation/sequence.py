"""The channel of a sequence model: what comes next after a whole history, in its order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.recommendation.history_encoder import HistoryEncoder
from aisle.sequences import Sequences

SEQUENCE: Final = "sequence"


@dataclass(frozen=True, slots=True, eq=False)
class SequenceChannel:
    """Inner products of users and items.

    Attributes:
        name: see `Channel`.
        encoder: makes users of histories.
        vectors: float32 [items, dims], of ``encoder.item_vectors``.
    """

    name: str
    encoder: HistoryEncoder
    vectors: NDArray[np.float32]

    def scores(self, histories: Sequences) -> NDArray[np.float32]:
        """See `Channel`."""
        return self.users(histories) @ self.vectors.T

    def users(self, histories: Sequences) -> NDArray[np.float32]:
        """What is known of users, float32 [users, dims]; zeros without a history."""
        return self.encoder.encode([self.vectors[histories.of(user)] for user in range(len(histories))])

    def shares(self, history: NDArray[np.int32], items: NDArray[np.intp]) -> NDArray[np.float32]:
        """See `Channel`: what the scores lose without a step.

        The steps are read together, so these do not sum to the scores.
        """
        return self.lost(history, self.vectors[items])

    def lost(self, history: NDArray[np.int32], items: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the scores of items lose without each step.

        Args:
            history: int32 [steps], positions in ``vectors``, oldest first.
            items: float32 [n, dims], vectors of any items.

        Returns:
            float32 [steps, n]; zeros for steps that are too old to be read.
        """
        steps = self.vectors[history[-self.encoder.max_steps :]]
        without = [np.delete(steps, number, axis=0) for number in range(len(steps))]
        users = self.encoder.encode([steps, *without])
        lost = (users[:1] - users[1:]) @ items.T
        shares = np.zeros((len(history), len(items)), dtype=np.float32)
        shares[len(history) - len(steps) :] = lost
        return shares
