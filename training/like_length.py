"""Batches of texts of like length: little padding. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def length_batches(
    lengths: Sequence[int], size: int, seed: int | tuple[int, int], pool: int
) -> list[list[int]]:
    """Every position of ``lengths`` once, in shuffled batches of at most ``size``.

    Args:
        lengths: of the texts, in any unit.
        size: most positions of a batch.
        seed: the same seed, the same batches.
        pool: batches that are sorted by length together: more of them means less padding and less of a mix.
    """
    draw = np.random.default_rng(seed)
    order = draw.permutation(len(lengths)).tolist()
    batches: list[list[int]] = []
    for start in range(0, len(order), pool * size):
        together = sorted(order[start : start + pool * size], key=lambda i: lengths[i])
        batches += [together[first : first + size] for first in range(0, len(together), size)]
    return [batches[i] for i in draw.permutation(len(batches))]
