"""Where a user goes next among prefixes of semantic IDs: a softmax over the children of each, and a beam.

The softmax of a tree (Morin and Bengio 2005, "Hierarchical Probabilistic Neural Network Language Model") over
the prefixes that items have; no other is ever proposed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisle.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class PrefixLevel:
    """The prefixes of one length, children of one parent side by side.

    Attributes:
        codes: int32 [prefixes, length], sorted, each once.
        vectors: float32 [prefixes, dims], what a user is compared with.
        biases: float32 [prefixes].
        firsts: int64 [parents + 1], where the children of each prefix of the level before begin.

    Raises:
        InputError: arrays that do not fit each other.
    """

    codes: NDArray[np.int32]
    vectors: NDArray[np.float32]
    biases: NDArray[np.float32]
    firsts: NDArray[np.int64]

    def __post_init__(self) -> None:
        count = len(self.codes)
        fit = len(self.vectors) == len(self.biases) == count and self.vectors.ndim == self.codes.ndim == 2
        if not fit or self.firsts[0] != 0 or self.firsts[-1] != count or not (np.diff(self.firsts) > 0).all():
            raise InputError("the prefixes of a level do not fit each other", fix="train the router again")

    @property
    def parents(self) -> NDArray[np.int64]:
        """int64 [prefixes], the number of each one's parent."""
        return np.repeat(np.arange(len(self.firsts) - 1, dtype=np.int64), np.diff(self.firsts))


@dataclass(frozen=True, slots=True, eq=False)
class Router:
    """From users to prefixes.

    Attributes:
        levels: of prefixes of one code, of two, ...
        beam: prefixes that are kept on the way down, at least.

    Raises:
        InputError: levels that do not fit each other.
    """

    levels: tuple[PrefixLevel, ...]
    beam: int = 64

    def __post_init__(self) -> None:
        parents = 1
        for number, level in enumerate(self.levels, 1):
            if len(level.firsts) - 1 != parents or level.codes.shape[1] != number:
                raise InputError("the levels of a router do not fit each other", fix="train the router again")
            parents = len(level.codes)

    @property
    def depth(self) -> int:
        """Length of the longest prefixes that it knows."""
        return len(self.levels)

    def log_probabilities(self, users: NDArray[np.float32], level: int) -> NDArray[np.float32]:
        """Of every prefix of one length, float32 [users, prefixes], in the order of ``levels``.

        Raises:
            InputError: a length that it does not know.
        """
        found = np.zeros((len(users), 1), dtype=np.float32)
        for held in self.levels[: self._checked(level)]:
            scores = users @ held.vectors.T + held.biases
            firsts, parents = held.firsts[:-1], held.parents
            most = np.maximum.reduceat(scores, firsts, axis=1)
            total = np.add.reduceat(np.exp(scores - most[:, parents]), firsts, axis=1)
            found = scores - (most + np.log(total) - found)[:, parents]
        return found

    def best_prefixes(
        self, users: NDArray[np.float32], level: int, size: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The likeliest prefixes of one length, by a beam over the levels before.

        Args:
            users: float32 [n, dims], of `HistoryEncoder.encode`.
            level: length of the prefixes, from 1.
            size: most that are returned for each user.

        Returns:
            int32 [n, at most size, level], likeliest first and of equal ones the lower codes; and the natural
            logarithms of their probabilities, float32 [n, at most size].

        Raises:
            InputError: a length that it does not know, or a size under 1.
        """
        self._checked(level)
        if size < 1:
            raise InputError(f"{size} prefixes are none", fix="ask for 1 or more")
        size = min(size, len(self.levels[level - 1].codes))
        kept, values = (
            zip(*(self._one(user, level, size) for user in users), strict=True) if len(users) else ((), ())
        )
        codes = self.levels[level - 1].codes
        rows = np.array(kept, dtype=np.int64).reshape(len(users), size)
        return codes[rows], np.array(values, dtype=np.float32).reshape(len(users), size)

    def _one(
        self, user: NDArray[np.float32], level: int, size: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        rows, values = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.float32)
        for number, held in enumerate(self.levels[:level], 1):
            counts = held.firsts[rows + 1] - held.firsts[rows]
            begins = np.cumsum(counts) - counts
            children = np.arange(int(counts.sum())) + np.repeat(held.firsts[rows] - begins, counts)
            scores = held.vectors[children] @ user + held.biases[children]
            most = np.maximum.reduceat(scores, begins)
            total = np.add.reduceat(np.exp(scores - np.repeat(most, counts)), begins)
            found = scores + np.repeat(values - most - np.log(total), counts)
            width = size if number == level else max(size, self.beam)
            order = np.lexsort((children, -found))[:width]
            rows, values = children[order], found[order]
        # A narrow beam may find fewer than were asked for where prefixes have few children.
        missing = size - len(rows)
        return np.pad(rows, (0, missing), mode="edge"), np.pad(values, (0, missing), constant_values=-np.inf)

    def _checked(self, level: int) -> int:
        if not 1 <= level <= self.depth:
            raise InputError(
                f"the router knows prefixes of up to {self.depth} codes, not {level}",
                fix="ask for a shorter one, or train the router for more levels",
            )
        return level


def prefix_tree(
    codes: NDArray[np.int32], depth: int
) -> tuple[tuple[NDArray[np.int32], NDArray[np.int64]], ...]:
    """The prefixes that items have, level by level.

    Args:
        codes: int32 [items, levels].
        depth: length of the longest prefixes.

    Returns:
        Of each length the prefixes, int32 [prefixes, length], sorted, and where the children of each shorter
        one begin, int64 [parents + 1]; as in `PrefixLevel`.
    """
    found: list[tuple[NDArray[np.int32], NDArray[np.int64]]] = []
    for length in range(1, depth + 1):
        prefixes = np.unique(codes[:, :length], axis=0)
        parents = (
            np.unique(prefixes[:, :-1], axis=0, return_inverse=True)[1]
            if length > 1
            else np.zeros(len(prefixes), np.int64)
        )
        counts = np.bincount(parents.reshape(-1))
        found.append((prefixes.astype(np.int32), np.concatenate(([0], np.cumsum(counts))).astype(np.int64)))
    return tuple(found)
