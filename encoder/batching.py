"""Which texts go through the model together: texts of like length, at most so many tokens at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def token_batches(lengths: Sequence[int], budget: int) -> list[NDArray[np.intp]]:
    """Group inputs so that rows x longest stays within a budget and little of it is padding.

    Args:
        lengths: tokens of each input.
        budget: most tokens of a batch, padding included; a single longer input makes a batch of its own.

    Returns:
        Batches of positions in ``lengths``, longest inputs first (a long straggler at the end would leave all
        but one core idle). Every position occurs exactly once.
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    batches: list[NDArray[np.intp]] = []
    start = 0
    while start < len(order):
        longest = max(1, lengths[order[start]])
        rows = max(1, budget // longest)
        batches.append(order[start : start + rows])
        start += rows
    return batches
