"""Items that share all their codes, and how each is given a tuple of its own."""

from __future__ import annotations

import math
from collections import Counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.codes import Codebooks, Placed
from aisle.errors import InputError

_LARGER: Final = "give more codes a level, or one level more"


def sharing(codes: NDArray[np.int32]) -> float:
    """Share of the items that have all their codes in common with another one, 0 to 1.

    Args:
        codes: int [n, levels]; of a prefix as well as of all levels.
    """
    if not len(codes):
        return 0.0
    _, counts = np.unique(codes, axis=0, return_counts=True)
    return float(counts[counts > 1].sum() / len(codes))


def check_room(items: int, sizes: tuple[int, ...]) -> None:
    """Whether levels of these sizes have a tuple for each of so many items. Raises InputError."""
    room = math.prod(sizes)
    if items > room:
        raise InputError(f"{items:,} items cannot have one of {room:,} tuples each", fix=_LARGER)


def separate(
    codebooks: Codebooks,
    placed: Placed,
    codes: NDArray[np.int32],
    taken: NDArray[np.int32] | None = None,
) -> NDArray[np.int32]:
    """Give every item a tuple that no other has, and move as few as that takes.

    Of items with one tuple, the nearest to the vector that it stands for keeps it, the lower row of two at
    the same distance. The others move in the order of their distance to it, nearest first, again the lower
    row of two; each takes the nearest free tuple among those that share its longest prefix with a free one.
    So a prefix changes only when every tuple under it is taken.

    Args:
        codebooks: of the codes.
        placed: the items' vectors in the codebooks' space.
        codes: int32 [n, levels], of these vectors.
        taken: int32 [m, levels], tuples of other items, such as those that are in the index already. They
            stay, so that an item of ``codes`` with one of them moves.

    Returns:
        int32 [n, levels], rows all different from one another and from ``taken``.

    Raises:
        InputError: there are fewer tuples than items.
    """
    others = {tuple(row) for row in taken.tolist()} if taken is not None else set()
    check_room(len(codes) + len(others), codebooks.sizes)
    held = _Taken(codebooks.sizes)
    for other in others:
        held.take(other)
    moving = []
    for row in np.lexsort((np.arange(len(codes)), _distances(codebooks, placed, codes))).tolist():
        own = tuple(codes[row].tolist())
        if held.full(own):
            moving.append(row)
        else:
            held.take(own)
    found = codes.copy()
    for row in moving:
        columns = np.flatnonzero(placed.columns(row))
        free = _nearest_free(codebooks, held, tuple(codes[row].tolist()), placed.vectors[row], columns)
        held.take(free)
        found[row] = free
    return found


class _Taken:
    """How many tuples are taken under every prefix."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        self._room = [math.prod(sizes[depth:]) for depth in range(len(sizes) + 1)]
        self._counts = Counter[tuple[int, ...]]()

    def take(self, codes: tuple[int, ...]) -> None:
        """One tuple more."""
        self._counts.update(codes[:depth] for depth in range(len(codes) + 1))

    def full(self, prefix: tuple[int, ...]) -> bool:
        """Whether every tuple under a prefix is taken; of a whole tuple, whether it is."""
        return self._counts[prefix] >= self._room[len(prefix)]


def _nearest_free(
    codebooks: Codebooks,
    held: _Taken,
    own: tuple[int, ...],
    vector: NDArray[np.float32],
    columns: NDArray[np.intp],
) -> tuple[int, ...]:
    prefix = next(own[:depth] for depth in reversed(range(len(own))) if not held.full(own[:depth]))
    left = vector[columns]
    for level, code in zip(codebooks.levels, prefix, strict=False):
        left = left - level[code, columns]
    for level in codebooks.levels[len(prefix) :]:
        there = level[:, columns]
        order = np.argsort(((there - left) ** 2).sum(axis=1), kind="stable").tolist()
        code = next(code for code in order if not held.full((*prefix, code)))
        prefix, left = (*prefix, code), left - there[code]
    return prefix


def _distances(codebooks: Codebooks, placed: Placed, codes: NDArray[np.int32]) -> NDArray[np.float32]:
    """Squared, of every item to the vector that its tuple stands for, float32 [n]."""
    left = placed.vectors - codebooks.decode(codes)
    found = np.empty(len(codes), dtype=np.float32)
    for rows, columns in placed.patterns():
        kept = left[rows] if columns is None else left[rows][:, columns]
        found[rows] = (kept * kept).sum(axis=1)
    return found
