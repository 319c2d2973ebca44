"""Vectors of items' texts, made to tell the items of one catalogue apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.base import ItemEncoder

_LEAST: Final = 1e-6
"""Share of the greatest variance under which a direction is noise."""


def text_vectors(encoder: ItemEncoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Encode items' texts; an empty one becomes a row of zeros, and is like nothing.

    Returns:
        float32 [texts, dims], other rows of unit length.
    """
    there = np.array([bool(text) for text in texts], dtype=np.bool_)
    found = encoder.encode_items([text for text in texts if text])
    vectors = np.zeros((len(texts), found.shape[1]), dtype=np.float32)
    vectors[there] = found
    return vectors


def half_whitened(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors whose common part is gone and whose directions vary more alike.

    Texts of one shop share what they are about, so that all cosines are high. The mean is taken away, and
    each principal direction is divided by the root of its standard deviation: half of the whitening of Su et
    al. 2021 (arXiv 2103.15316), which would make noise of the least of them as loud as the first.

    Args:
        vectors: float32 [n, dims]; rows of zeros stay.

    Returns:
        float32 [n, at most dims], rows of unit length.
    """
    there = np.any(vectors != 0, axis=1)
    if np.count_nonzero(there) < 2:
        return vectors
    known = vectors[there].astype(np.float64)
    centred = known - known.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    kept = variances > _LEAST * variances.max()
    if not kept.any():
        return vectors
    turned = centred @ (directions[:, kept] * variances[kept] ** -0.25)
    lengths = np.linalg.norm(turned, axis=1, keepdims=True)
    whole = np.zeros((len(vectors), turned.shape[1]), dtype=np.float32)
    whole[there] = np.divide(turned, lengths, out=np.zeros_like(turned), where=lengths > 0)
    return whole
