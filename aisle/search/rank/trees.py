"""Gradient boosted trees, evaluated in numpy: what a trained ranker is served by, without its library. Pure.

All candidates go through all trees at once, by QuickScorer (Lucchese et al., SIGIR 2015): a split that a
candidate fails takes the leaves to its left out, and the first leaf that is left is the one it comes to. The
splits of one feature are in order of their thresholds, so what they take out together is looked up once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from aisle.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Masks = NDArray[np.unsignedinteger[Any]]

MAX_LEAVES: Final = 64
"""Of a tree: they are the bits of one number."""

_HALF: Final = MAX_LEAVES // 2


@dataclass(frozen=True, slots=True)
class Trees:
    """The trees as arrays. S splits and L leaves of T trees; a child below 0 is the leaf ``-1 - child``.

    Attributes:
        roots: int64 [T], split or leaf.
        features: int64 [S], column that a split looks at.
        thresholds: float64 [S]; a value at or below goes left.
        missing_left: bool [S], whether NaN does.
        left, right: int64 [S], children.
        split_values: float64 [S], mean score of what came through a split in training.
        leaf_values: float64 [L], what a leaf adds to a score.

    Raises:
        InputError: no trees, or a tree that is none or has more than `MAX_LEAVES` leaves.
    """

    roots: Ints
    features: Ints
    thresholds: Floats
    missing_left: NDArray[np.bool_]
    left: Ints
    right: Ints
    split_values: Floats
    leaf_values: Floats
    _tables: tuple[_Table, ...] = field(init=False, repr=False, compare=False, default=())
    _means: Floats = field(init=False, repr=False, compare=False, default_factory=lambda: np.zeros(0))
    _leaves: Ints = field(
        init=False, repr=False, compare=False, default_factory=lambda: np.zeros((0, 0), int)
    )

    def __post_init__(self) -> None:
        if not len(self.roots):
            raise InputError("a ranker without trees orders nothing", fix="train it again")
        object.__setattr__(self, "_means", np.concatenate((self.split_values, self.leaf_values)))
        leaves, cleared = _numbered(self)
        object.__setattr__(self, "_leaves", leaves)
        object.__setattr__(self, "_tables", tuple(_tables_of(self, cleared, _bits(leaves))))

    def scores(self, rows: Floats) -> Floats:
        """The scores of candidates, bit for bit those of the library that trained the trees.

        Args:
            rows: float64 [n, F].

        Returns:
            float64 [n].
        """
        # Added tree by tree, as the library does: another order rounds otherwise.
        return np.asarray(np.cumsum(self.leaf_values[self._reached(rows)], axis=1)[:, -1])

    def contributions(self, rows: Floats) -> Floats:
        """How far each feature moved each score: the changes of the mean score along the paths (Saabas 2014).

        Args:
            rows: float64 [n, F].

        Returns:
            float64 [n, F]; a row and ``base`` sum to the score, but for rounding.
        """
        rows = _read(rows)
        moved = np.zeros(rows.size)
        # All paths go down together, a level at a time; those that came to a leaf drop out.
        owners, nodes = np.repeat(np.arange(len(rows)), len(self.roots)), np.tile(self.roots, len(rows))
        while (inner := nodes >= 0).any():
            owners, nodes = owners[inner], nodes[inner]
            features = self.features[nodes]
            values = rows[owners, features]
            goes_left = np.where(np.isnan(values), self.missing_left[nodes], values <= self.thresholds[nodes])
            children = np.where(goes_left, self.left[nodes], self.right[nodes])
            steps = self._values(children) - self.split_values[nodes]
            moved += np.bincount(owners * rows.shape[1] + features, steps, rows.size)
            nodes = children
        return moved.reshape(rows.shape)

    @property
    def base(self) -> float:
        """The mean score in training: what is known before any feature is looked at."""
        return float(self._values(self.roots).sum())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it, by name."""
        return {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def of_arrays(cls, held: Mapping[str, NDArray[Any]]) -> Self:
        """What `arrays` gave."""
        return cls(**{name: held[name] for name in _ARRAYS})

    def _values(self, nodes: Ints) -> Floats:
        """Mean scores of splits, and scores of leaves."""
        return np.asarray(self._means[np.where(nodes >= 0, nodes, len(self.split_values) - 1 - nodes)])

    def _reached(self, rows: Floats) -> Ints:
        """int64 [n, T], the leaf of each tree."""
        rows = _read(rows)
        alike = _alike(rows)
        bits = _bits(self._leaves)
        left = np.full((1, len(self.roots)), ~bits(0))
        # What all candidates have alike, as they do what the query is, is looked up once.
        for table in self._tables:
            if alike[table.feature]:
                left &= table.of(rows[:1, table.feature])
        left = np.repeat(left, len(rows), axis=0)
        for table in self._tables:
            if not alike[table.feature]:
                left &= table.of(rows[:, table.feature])
        first = left & (~left + bits(1))
        places = np.frexp(first.astype(np.float64))[1] - 1
        return np.asarray(self._leaves[np.arange(len(self.roots)), places])


_ARRAYS: Final = (
    *("roots", "features", "thresholds", "missing_left", "left", "right", "split_values", "leaf_values"),
)


_NO_MORE_THAN_ZERO: Final = float(np.float32(1e-35))


def _read(rows: Floats) -> Floats:
    """The rows as the library reads them: to it, what is next to nothing is 0."""
    return np.where(np.abs(rows) <= _NO_MORE_THAN_ZERO, 0.0, rows)


def _alike(rows: Floats) -> NDArray[np.bool_]:
    """bool [F]: the columns that are the same in all rows, of which there are at least two."""
    if len(rows) < 2:
        return np.zeros(rows.shape[1], dtype=np.bool_)
    return np.asarray(((rows == rows[0]) | (np.isnan(rows) & np.isnan(rows[0]))).all(axis=0))


def _bits(leaves: Ints) -> type[np.uint32] | type[np.uint64]:
    """The numbers whose bits are the leaves of a tree, int64 [T, most]: small ones are the faster ones."""
    return np.uint32 if leaves.shape[1] <= _HALF else np.uint64


@dataclass(frozen=True, slots=True)
class _Table:
    """What the splits of one feature leave of each tree.

    Attributes:
        feature: column.
        thresholds: float64 [K], rising.
        left: uint32 or uint64 [K + 2, T]: row k of a value above k thresholds, the last of NaN.
    """

    feature: int
    thresholds: Floats
    left: Masks

    def of(self, values: Floats) -> Masks:
        """The same for values, float64 [n]: [n, T]."""
        above = np.searchsorted(self.thresholds, values, side="left")
        return np.asarray(self.left[np.where(np.isnan(values), len(self.thresholds) + 1, above)])


def _numbered(trees: Trees) -> tuple[Ints, list[tuple[int, int]]]:
    """Each tree's leaves from left to right, int64 [T, most]; each split's tree and the bits of the leaves to
    its left."""
    cleared = [(0, 0)] * len(trees.features)
    by_tree: list[list[int]] = []
    for number, root in enumerate(trees.roots.tolist()):
        leaves: list[int] = []
        seen = 0
        # A split is left once with nothing below it numbered, and met again when what is left of it is.
        open_nodes: list[tuple[int, int]] = [(root, -1)]
        while open_nodes:
            node, before = open_nodes.pop()
            if node < 0:
                leaves.append(-1 - node)
            elif before < 0:
                seen += 1
                open_nodes += [(int(trees.right[node]), -1), (node, len(leaves)), (int(trees.left[node]), -1)]
            else:
                cleared[node] = (number, (1 << len(leaves)) - (1 << before))
            if len(leaves) > MAX_LEAVES or seen > MAX_LEAVES:
                raise InputError(f"a tree has more than {MAX_LEAVES} leaves", fix="train it with fewer")
        by_tree.append(leaves)
    table = np.zeros((len(by_tree), max(map(len, by_tree))), dtype=np.int64)
    for row, leaves in zip(table, by_tree, strict=True):
        row[: len(leaves)] = leaves
    return table, cleared


def _tables_of(
    trees: Trees, cleared: list[tuple[int, int]], bits: type[np.uint32] | type[np.uint64]
) -> Iterator[_Table]:
    every = int(~bits(0))
    for feature in np.unique(trees.features).tolist():
        splits = np.flatnonzero(trees.features == feature)
        splits = splits[np.argsort(trees.thresholds[splits], kind="stable")]
        kept = np.full((len(splits) + 2, len(trees.roots)), every, dtype=bits)
        for row, split in enumerate(splits.tolist(), 1):
            tree, out = cleared[split]
            kept[row] = kept[row - 1]
            kept[row, tree] &= bits(every - out)
            if not trees.missing_left[split]:
                kept[-1, tree] &= bits(every - out)
        yield _Table(feature, trees.thresholds[splits], kept)
