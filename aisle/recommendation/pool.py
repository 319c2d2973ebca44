"""The best candidates of one request, and the numbers that a model of preferences reads of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.recommendation.channel import Channel
from aisle.sequences import Sequences

_TINY: Final = 1e-6
_SHARP: Final = 10.0
"""What scores are multiplied by before their logarithm, so that those of a blend, of some hundredths to some
units, are told apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Some items for one history, with what is known of them before they are ranked by preference.

    Attributes:
        added: channel to float32 [n], what it adds to the items' scores.
        last: channel to float32 [n], what the history's last step has of that; zeros without a history.
        takers: float32 [n], how many users took each; 0 for a new item.
        last_takers: how many took the history's last item.
        steps: of the history.
    """

    added: Mapping[str, NDArray[np.float32]]
    last: Mapping[str, NDArray[np.float32]]
    takers: NDArray[np.float32]
    last_takers: float
    steps: int

    @property
    def base(self) -> NDArray[np.float32]:
        """float32 [n], the sum over the channels."""
        return np.asarray(np.sum(list(self.added.values()), axis=0), dtype=np.float32)

    def at(self, chosen: NDArray[np.intp]) -> Candidates:
        """Some of them, by position."""
        return Candidates(
            {name: values[chosen] for name, values in self.added.items()},
            {name: values[chosen] for name, values in self.last.items()},
            self.takers[chosen],
            self.last_takers,
            self.steps,
        )


def candidates_of(
    parts: tuple[tuple[Channel, float], ...],
    added: Mapping[str, NDArray[np.float32]],
    history: Sequences,
    takers: NDArray[np.int64],
    places: NDArray[np.intp],
) -> Candidates:
    """Candidates among the items that a recommender knows.

    Args:
        parts: channels and their weights.
        added: channel to float32 [items], its weighted scores for the history.
        history: of one user.
        takers: int64 [items].
        places: int [n], positions of the candidates.
    """
    steps = history.steps
    zeros = np.zeros(len(places), dtype=np.float32)
    last = {
        # The whole history is asked, since a channel may weigh its last step by what came before.
        channel.name: (
            np.float32(weight) * channel.shares(steps, places)[-1].astype(np.float32) if len(steps) else zeros
        )
        for channel, weight in parts
    }
    return Candidates(
        {name: values[places].astype(np.float32) for name, values in added.items()},
        last,
        takers[places].astype(np.float32),
        float(takers[steps[-1]]) if len(steps) else 0.0,
        len(steps),
    )


def feature_names(channels: tuple[str, ...]) -> tuple[str, ...]:
    """What `features` holds, column by column.

    Args:
        channels: that are read, in order.
    """
    of_channels = (
        f"{channel}: {what}"
        for channel in channels
        for what in ("against the pool", "log", "of the highest", "any", "last step, log", "last step, any")
    )
    return (
        *("score against the pool", "log score", "behind the best", "log rank"),
        *of_channels,
        *("log takers", "log takers of the last step", "log steps"),
    )


def features(candidates: Candidates, pool: Candidates, channels: tuple[str, ...]) -> NDArray[np.float32]:
    """What a model of preferences reads.

    Scores are set against the pool's mean and standard deviation, so that a history of one item and one of a
    hundred look alike.

    Args:
        candidates: n items; the pool's own, or others beside it, such as a training's negatives.
        pool: the best candidates of the request, one or more.
        channels: that are read; one that the candidates do not have counts as 0.

    Returns:
        float32 [n, columns], see `feature_names`.
    """
    base, of_pool = candidates.base, pool.base
    spread = deviation(of_pool)
    rank = np.count_nonzero(of_pool >= base[:, None], axis=1)
    columns = [
        (base - of_pool.mean()) / spread,
        _log(base),
        (base - of_pool.max()) / spread,
        np.log1p(rank),
    ]
    zeros = np.zeros(len(base), dtype=np.float32)
    for channel in channels:
        values, in_pool = candidates.added.get(channel, zeros), pool.added.get(channel, zeros[:1])
        last = candidates.last.get(channel, zeros)
        columns += [
            (values - in_pool.mean()) / spread,
            _log(values),
            values / (np.abs(in_pool).max() + _TINY),
            values > _TINY,
            _log(last),
            last > _TINY,
        ]
    same = np.ones(len(base), dtype=np.float32)
    columns += [
        np.log1p(candidates.takers),
        same * np.log1p(candidates.last_takers),
        same * np.log1p(candidates.steps),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def deviation(base: NDArray[np.float32]) -> np.float32:
    """Standard deviation of a pool's scores, the unit that preferences are bounded in; above 0."""
    return np.float32(base.std() + _TINY)


def _log(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of scores that may be below 0, as a cosine's; those count as 0."""
    return np.log1p(np.float32(_SHARP) * np.maximum(values, np.float32(0)))
