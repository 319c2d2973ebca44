"""What users took of the pools that they were offered, as features: the preferences that are learned from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.evaluation.sequences.protocol import Seen, Split
from aisle.recommendation.channel import best
from aisle.recommendation.channels import Blend
from aisle.recommendation.pool import candidates_of, deviation, feature_names, features
from aisle.sequences import Sequences

OTHERS: Final = 16
"""Items of the whole catalogue that are drawn beside every pool."""

_USERS: Final = 256
"""Users whose scores are held at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Preferred:
    """Pools with the one item that the user took next. Users whose item was in no pool are only counted.

    Attributes:
        users: int64 [users], positions among all who were asked.
        rows: float32 [candidates, columns], features of all pools, one after the other, best first.
        offsets: int64 [users + 1], where each pool begins and ends.
        targets: int64 [users], rows of the items that were taken.
        base: float32 [candidates], scores in standard deviations of their pool.
        others: float32 [users, OTHERS, columns], of items drawn from the whole catalogue.
        asked: users in all, with those whose item was in no pool.
    """

    users: NDArray[np.int64]
    rows: NDArray[np.float32]
    offsets: NDArray[np.int64]
    targets: NDArray[np.int64]
    base: NDArray[np.float32]
    others: NDArray[np.float32]
    asked: int

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def owners(self) -> NDArray[np.int64]:
        """int64 [candidates], the user of each."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.offsets))

    def ranks(self, scores: NDArray[np.float32]) -> NDArray[np.int64]:
        """Ranks of what was taken, int64 [users], by scores of all candidates; ties count against it."""
        above = scores >= np.repeat(scores[self.targets], np.diff(self.offsets))
        return np.asarray(np.bincount(self.owners[above], minlength=len(self)), dtype=np.int64)

    def pair_accuracy(self, scores: NDArray[np.float32]) -> float:
        """Of all pairs of what was taken and another of its pool, the share in which it scores higher."""
        below = np.diff(self.offsets) - self.ranks(scores)
        pairs = np.diff(self.offsets) - 1
        return float(below.sum() / max(1, pairs.sum()))

    def where(self, kept: NDArray[np.bool_], asked: int) -> Preferred:
        """Some of the users, bool [users], of so many who were asked."""
        lengths = np.diff(self.offsets)
        rows = np.repeat(kept, lengths)
        offsets = np.concatenate(([0], np.cumsum(lengths[kept]))).astype(np.int64)
        targets = (self.targets - self.offsets[:-1])[kept] + offsets[:-1]
        return Preferred(
            self.users[kept], self.rows[rows], offsets, targets, self.base[rows], self.others[kept], asked
        )


def preferred(
    blend: Blend,
    takers: NDArray[np.int64],
    data: Split,
    pool: int,
    channels: tuple[str, ...],
    seed: int = 0,
) -> Iterator[Preferred]:
    """Make them, some users at a time, so that a progress can be told.

    Args:
        blend: learned from ``data.train``, which does not hold the targets.
        takers: int64 [items], of the same.
        data: histories and what was taken next.
        pool: best items of each history.
        channels: that are read.
        seed: of the draw of other items.
    """
    rng = np.random.default_rng(seed)
    for begin in range(0, len(data.targets), _USERS):
        users = np.arange(begin, min(begin + _USERS, len(data.targets)))
        yield _preferred(blend, takers, data, users, pool, channels, rng)


def joined(parts: list[Preferred], columns: int) -> Preferred:
    """All of them as one, of so many columns."""
    none = [np.zeros(0, dtype=np.int64)]
    lengths = np.concatenate([np.diff(part.offsets) for part in parts] or none)
    begins = np.cumsum([0, *(len(part.rows) for part in parts)])
    nothing = np.zeros((0, columns), dtype=np.float32)
    return Preferred(
        np.concatenate([part.users for part in parts] or none),
        np.concatenate([part.rows for part in parts] or [nothing]),
        np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        np.concatenate(
            [part.targets + begin for part, begin in zip(parts, begins[:-1], strict=True)] or none
        ).astype(np.int64),
        np.concatenate([part.base for part in parts] or [nothing[:, 0]]),
        np.concatenate([part.others for part in parts] or [np.zeros((0, OTHERS, columns), np.float32)]),
        sum(part.asked for part in parts),
    )


def _preferred(
    blend: Blend,
    takers: NDArray[np.int64],
    data: Split,
    users: NDArray[np.intp],
    pool: int,
    channels: tuple[str, ...],
    rng: np.random.Generator,
) -> Preferred:
    histories = data.histories.of_users(users)
    added = {
        channel.name: np.float32(weight) * np.asarray(channel.scores(histories), dtype=np.float32)
        for channel, weight in blend.parts
    }
    total = np.sum(list(added.values()), axis=0)
    allowed = np.ones(total.shape, dtype=np.bool_)
    if data.protocol.seen is Seen.EXCLUDED:
        allowed[histories.owners, histories.steps] = False
    found = []
    for row, target in enumerate(data.targets[users].tolist()):
        others = rng.integers(0, total.shape[1], OTHERS)
        places = best(total[row], pool, allowed[row])
        at = np.flatnonzero(places == target)
        if not len(at) or len(places) < 2:
            continue
        history = _one(histories, row)
        of_user = {name: values[row] for name, values in added.items()}
        candidates = candidates_of(blend.parts, of_user, history, takers, np.concatenate((places, others)))
        in_pool = candidates.at(np.arange(len(places)))
        rows = features(candidates, in_pool, channels)
        base = in_pool.base
        found.append(
            Preferred(
                users[row : row + 1].astype(np.int64),
                rows[: len(places)],
                np.array([0, len(places)], dtype=np.int64),
                at.astype(np.int64),
                (base - base.mean()) / deviation(base),
                rows[None, len(places) :],
                1,
            )
        )
    made = joined(found, len(feature_names(channels)))
    return replace(made, asked=len(users))


def _one(histories: Sequences, user: int) -> Sequences:
    return histories.of_users(np.array([user]))
