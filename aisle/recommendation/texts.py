"""Vectors of items' texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.base import ItemEncoder


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
