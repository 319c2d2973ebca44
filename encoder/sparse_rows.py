"""Sparse vectors of texts: weights of vocabulary tokens, row after row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

# Of a weight, what an index keeps (9 bits) and a little more.
DIGITS = 4


def is_feature(token: str) -> bool:
    """Whether a weight may have this name.

    Tokens with a dot are nothing but punctuation in a WordPiece vocabulary. OpenSearch takes them, but to
    other readers of ``_source`` a dot in a key is a path.
    """
    return bool(token.strip()) and "." not in token


@dataclass(frozen=True, slots=True)
class SparseRows:
    """n texts as compressed sparse rows; ``rows[i]`` is token to weight, heaviest first.

    Attributes:
        vocabulary: token of each column.
        starts: int64 [n + 1], where each row begins in the other two.
        columns: int32, columns of the weights; weights: float64, above 0.
    """

    vocabulary: tuple[str, ...]
    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    weights: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> dict[str, float]:
        """Token to weight of one text; empty if no token has any."""
        own = slice(self.starts[row], self.starts[row + 1])
        tokens = (self.vocabulary[column] for column in self.columns[own].tolist())
        return dict(zip(tokens, self.weights[own].tolist(), strict=True))

    def __iter__(self) -> Iterator[dict[str, float]]:
        return (self[row] for row in range(len(self)))

    @classmethod
    def of(
        cls, vocabulary: tuple[str, ...], rows: Sequence[tuple[NDArray[np.int32], NDArray[np.float64]]]
    ) -> Self:
        """From the columns and weights of each row."""
        lengths = np.fromiter((len(columns) for columns, _ in rows), dtype=np.int64, count=len(rows))
        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
        columns = [columns for columns, _ in rows] or [np.zeros(0, dtype=np.int32)]
        weights = [weights for _, weights in rows] or [np.zeros(0)]
        return cls(vocabulary, starts, np.concatenate(columns), np.concatenate(weights))


def pruned(
    weights: NDArray[np.float32], most: int, least: float, ratio: float = 0.0
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Columns and rounded weights that are kept of one dense row, heaviest first; equal ones by column.

    Args:
        weights: float32 [v], not negative.
        most: how many are kept.
        least: the smallest weight that is, above 0.
        ratio: of the row's largest, under which none is.
    """
    (active,) = np.nonzero(weights >= max(least, ratio * float(weights.max(initial=0.0))))
    order = np.lexsort((active, -weights[active]))[:most]
    kept = active[order]
    return kept.astype(np.int32), rounded(weights[kept])


def rounded(weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """To ``DIGITS`` significant digits; float32 [n], above 0."""
    wide = weights.astype(np.float64)
    unit = 10.0 ** (DIGITS - 1 - np.floor(np.log10(wide)))
    result: NDArray[np.float64] = np.round(wide * unit) / unit
    return result
