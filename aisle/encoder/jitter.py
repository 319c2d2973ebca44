"""Vectors of which no two are the same, as a graph of neighbours needs them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import shake_128
from typing import Final

import numpy as np
from numpy.typing import NDArray

JITTER: Final = 1e-3
"""Length of what is added to a vector of unit length. Cosines change by 5e-7; a tenth of it is too little for
the graph of faiss."""

# Times as much is added to a vector of 0, so that its codes are not all 0.
_AROUND_ZERO: Final = 4.0


def jittered(vectors: NDArray[np.float32], ids: Sequence[str], length: float = JITTER) -> NDArray[np.float32]:
    """The vectors, of which no two are the same any more.

    In an HNSW graph all links of a vector lead to its copies, if it has more of them than it may have links:
    the rule that keeps links apart (arXiv 1603.09320, algorithm 4) drops no neighbour for one at the same
    distance. Whoever comes to them does not get out, and other items are not found. So each vector is moved
    a little, in a direction that is drawn by its item's id: the same for every load and update.

    Args:
        vectors: float32 [n, dims], rows of unit length, or near 0.
        ids: one per row.
        length: of what is added.

    Returns:
        float32 [n, dims], rows of unit length again; one of 0, of a text without a known word, is nearly 0.
    """
    directions = _directions(ids, vectors.shape[1])
    known = np.linalg.norm(vectors, axis=1, keepdims=True) > 0.5
    moved = vectors + np.where(known, np.float32(length), np.float32(length * _AROUND_ZERO)) * directions
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(moved, lengths, out=moved, where=known)
    return unit


def moved_apart(vectors: NDArray[np.float32], ids: Sequence[str]) -> NDArray[np.float32]:
    """As `jittered`, of vectors whose lengths mean something: each is moved by ``JITTER`` of its own.

    Args:
        vectors: float32 [n, dims]; rows of 0 stay.
        ids: one per row.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    moved: NDArray[np.float32] = vectors + np.float32(JITTER) * lengths * _directions(ids, vectors.shape[1])
    return moved


def _directions(ids: Sequence[str], dims: int) -> NDArray[np.float32]:
    drawn = b"".join(shake_128(id_.encode(errors="surrogatepass")).digest(dims) for id_ in ids)
    found = np.frombuffer(drawn, dtype=np.uint8).reshape(len(ids), dims) - np.float32(127.5)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found
