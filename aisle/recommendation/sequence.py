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
        _, lost = self.without_each(self.vectors[history])
        return lost @ self.vectors[items].T

    def without_each(self, steps: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """A user, and what the user loses without each step.

        Args:
            steps: float32 [steps, dims], vectors of the items taken, oldest first.

        Returns:
            float32 [dims], and float32 [steps, dims]; zeros for steps that are too old to be read.
        """
        read = steps[-self.encoder.max_steps :]
        users = self.encoder.encode([read, *(np.delete(read, row, axis=0) for row in range(len(read)))])
        lost = np.zeros((len(steps), self.encoder.dims), dtype=np.float32)
        lost[len(steps) - len(read) :] = users[0] - users[1:]
        return users[0], lost
