"""Which items a taken one is preferred to: how the losing sides of pairs are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aisle.errors import InputError
from aisle.training.preferences.pairs import Preferred


class Negatives(Protocol):
    """Draws items that users did not take."""

    def draw(
        self,
        data: Preferred,
        users: NDArray[np.intp],
        policy: NDArray[np.float32],
        count: int,
        rng: np.random.Generator,
        /,
    ) -> NDArray[np.float32]:
        """Features of so many items for each user, float32 [users, count, columns].

        Args:
            data: to draw from.
            users: positions, int [users].
            policy: scores of all candidates by the model as it stands, float32 [candidates].
            count: items for each.
            rng: what decides.
        """


@dataclass(frozen=True, slots=True)
class PoolNegatives:
    """Any item of the user's pool, each as likely."""

    def draw(
        self,
        data: Preferred,
        users: NDArray[np.intp],
        _policy: NDArray[np.float32],
        count: int,
        rng: np.random.Generator,
        /,
    ) -> NDArray[np.float32]:
        """See `Negatives`."""
        sizes = (data.offsets[1:] - data.offsets[:-1])[users, None]
        drawn = (rng.random((len(users), count)) * (sizes - 1)).astype(np.int64)
        rows = data.offsets[users, None] + drawn
        # One further wherever the taken item itself would come: it is never its own negative.
        rows += rows >= data.targets[users, None]
        return np.asarray(data.rows[rows])


@dataclass(frozen=True, slots=True)
class TopNegatives:
    """The best of the pool by the model as it stands, each as likely: hard ones, or a dynamic top-K.

    Sampling among them, instead of taking the hardest, is that of RoDPO (arXiv 2603.29259).

    Attributes:
        best: that are drawn from.

    Raises:
        InputError: a number under 1.
    """

    best: int = 50

    def __post_init__(self) -> None:
        if self.best < 1:
            raise InputError(f"nothing can be drawn from {self.best} items", fix="use 1 or more")

    def draw(
        self,
        data: Preferred,
        users: NDArray[np.intp],
        policy: NDArray[np.float32],
        count: int,
        rng: np.random.Generator,
        /,
    ) -> NDArray[np.float32]:
        """See `Negatives`."""
        rows = np.empty((len(users), count), dtype=np.int64)
        for row, user in enumerate(users.tolist()):
            begin, end = data.offsets[user], data.offsets[user + 1]
            order = begin + np.argsort(-policy[begin:end], kind="stable")
            order = order[order != data.targets[user]][: self.best]
            rows[row] = rng.choice(order, count)
        return data.rows[rows]


@dataclass(frozen=True, slots=True)
class RandomNegatives:
    """Any item of the catalogue: what a model learns from when nobody thinks of pools."""

    def draw(
        self,
        data: Preferred,
        users: NDArray[np.intp],
        _policy: NDArray[np.float32],
        count: int,
        rng: np.random.Generator,
        /,
    ) -> NDArray[np.float32]:
        """See `Negatives`."""
        drawn = rng.integers(0, data.others.shape[1], (len(users), count))
        return data.others[users[:, None], drawn]
