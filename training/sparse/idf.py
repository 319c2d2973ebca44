"""How rare a token is in a catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


def idf(rows: Iterable[Sequence[int]], token_ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """BM25's inverse document frequency of tokens, as Lucene has it: always above 0, float32 [v].

    Args:
        rows: token ids of each text.
        token_ids: int64 [v], the tokens to count.
    """
    counts = np.zeros(int(token_ids.max()) + 1, dtype=np.int64)
    texts = 0
    for row in rows:
        own = np.unique(np.asarray(row, dtype=np.int64))
        counts[own[own < len(counts)]] += 1
        texts += 1
    frequency = counts[token_ids]
    found: NDArray[np.float32] = np.log(1 + (texts - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
    return found
