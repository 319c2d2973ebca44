"""The vectors of a stage's texts, made once: mining and scoring ask for the same catalogue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.negatives.dense import Encode


class Remembered:
    """An ``Encode`` that keeps what it has encoded. Good until the model is trained on."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._known: dict[tuple[str, bool], NDArray[np.float32]] = {}

    def __call__(self, texts: Sequence[str], is_query: bool) -> NDArray[np.float32]:
        """float32 [n, d], unit rows, in the order of the texts."""
        fresh = list(dict.fromkeys(text for text in texts if (text, is_query) not in self._known))
        if fresh:
            for text, vector in zip(fresh, self._encode(fresh, is_query), strict=True):
                self._known[text, is_query] = vector
        return np.stack([self._known[text, is_query] for text in texts])
