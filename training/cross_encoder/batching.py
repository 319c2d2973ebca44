"""Lists of like length share a batch: less padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

POOL = 32
"""Batches whose lists are sorted by length together: more of them means less padding and less of a mix."""


def length_batches(lengths: Sequence[int], size: int, seed: int) -> list[list[int]]:
    """Every position of ``lengths`` once, in shuffled batches of at most ``size``."""
    draw = np.random.default_rng(seed)
    order = draw.permutation(len(lengths)).tolist()
    batches: list[list[int]] = []
    for start in range(0, len(order), POOL * size):
        pool = sorted(order[start : start + POOL * size], key=lambda i: lengths[i])
        batches += [pool[first : first + size] for first in range(0, len(pool), size)]
    return [batches[i] for i in draw.permutation(len(batches))]


class PlannedBatches:
    """Batches made beforehand, as a torch DataLoader takes them for its batch sampler."""

    def __init__(self, batches: Sequence[list[int]], size: int) -> None:
        self.batch_size = size
        self.drop_last = False
        self._batches = batches

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)
