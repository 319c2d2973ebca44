"""What every channel does: score all items for histories. And how the best of them are taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from aisle.sequences import Sequences


class Channel(Protocol):
    """A way to recommend: a history of items becomes scored candidates.

    Channels hold what they learned as arrays and no users; safe to share between threads.
    """

    @property
    def name(self) -> str:
        """For tables and for the reasons of a recommendation."""

    def scores(self, histories: Sequences) -> NDArray[np.float32]:
        """Score all items for each history, which may be empty.

        Returns:
            float32 [users, items], the higher the better; 0 where the channel knows nothing.
        """

    def shares(self, history: NDArray[np.int32], items: NDArray[np.intp]) -> NDArray[np.float32]:
        """What each step of one history adds to the scores of some items.

        Args:
            history: int32 [steps], oldest first.
            items: int [n], positions.

        Returns:
            float32 [steps, n]; of a channel that adds steps up, its columns sum to the scores, but for what
            does not come from the history.
        """


def recency_weights(histories: Sequences, decay: float) -> sparse.csr_array:
    """Weights of the items of histories: 1 for the last, times ``decay`` for each that came later.

    An item that occurs more than once has the sum.

    Returns:
        float32 [users, items].
    """
    weights = np.power(np.float32(decay), histories.ages.astype(np.float32))
    shape = (len(histories), len(histories.items))
    return sparse.csr_array((weights, (histories.owners, histories.steps)), shape=shape)


def step_weights(steps: int, decay: float) -> NDArray[np.float32]:
    """Weights of the steps of one history, oldest first, as in `recency_weights`: float32 [steps]."""
    return np.power(np.float32(decay), np.arange(steps, dtype=np.float32)[::-1])


def strongest(steps: Sequence[str], shares: NDArray[np.float32]) -> str | None:
    """The item of a history that spoke most for another one, all of its steps together.

    Args:
        steps: what was taken, oldest first.
        shares: float32 [steps], what each added, see `Channel.shares`.

    Returns:
        None if none added anything; of two as strong the one that was taken first.
    """
    totals: dict[str, float] = {}
    for step, share in zip(steps, shares.tolist(), strict=True):
        totals[step] = totals.get(step, 0.0) + share
    found = max(totals, key=totals.__getitem__, default=None)
    return found if found is not None and totals[found] > 0 else None


def best(scores: NDArray[np.float32], size: int, allowed: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Positions of the best items among those allowed, best first; of one score, that of the lower position.

    What is excluded is gone before the best are taken, so that ``size`` come whenever there are so many.

    Args:
        scores: float32 [items].
        size: most that are returned.
        allowed: bool [items].
    """
    candidates = np.flatnonzero(allowed)
    if len(candidates) > size:
        # All that may be among the best, with whatever ties with the last of them.
        least = np.partition(scores[candidates], len(candidates) - size)[len(candidates) - size]
        candidates = candidates[scores[candidates] >= least]
    order = np.lexsort((candidates, -scores[candidates]))
    return candidates[order[:size]]
