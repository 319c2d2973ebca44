"""Sequences as batches of windows of like length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisle.sequences import Sequences


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Parts of sequences that are learned from, each of at most so many steps and one to predict last.

    Attributes:
        steps: int32 [all steps], of ``Sequences``.
        begins: int64 [windows], where each begins.
        lengths: int64 [windows], 2 or more.
    """

    steps: NDArray[np.int32]
    begins: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @property
    def predicted(self) -> int:
        """Steps that are predicted in all."""
        return int((self.lengths - 1).sum())

    def batches(self, positions: int, random: np.random.Generator) -> list[NDArray[np.int64]]:
        """Windows of like length together, in random order.

        Args:
            positions: steps of a batch, padding included, at most; a longer window is a batch of its own.
            random: of the order.

        Returns:
            Numbers of windows, each in one batch.
        """
        order = np.lexsort((random.random(len(self.lengths)), self.lengths))
        batches: list[NDArray[np.int64]] = []
        begin = 0
        widths = self.lengths[order] - 1
        while begin < len(order):
            # Sorted by length, so that the last one decides the width of its batch.
            following = widths[begin : begin + positions]
            sizes = np.arange(1, len(following) + 1) * following
            size = max(1, int(np.searchsorted(sizes, positions, side="right")))
            batches.append(order[begin : begin + size])
            begin += size
        return [batches[number] for number in random.permutation(len(batches))]

    def padded(self, batch: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Inputs and what follows each, int64 [b, s]; -1 in both where there is nothing to predict."""
        lengths = self.lengths[batch] - 1
        columns = np.arange(int(lengths.max()))
        there = columns < lengths[:, None]
        places = np.where(there, self.begins[batch][:, None] + columns, 0)
        inputs = np.where(there, self.steps[places], -1)
        return inputs.astype(np.int64), np.where(there, self.steps[places + there], -1).astype(np.int64)


def windows_of(sequences: Sequences, max_steps: int) -> Windows:
    """Cut sequences from their ends, so that every step but the first is predicted once.

    A window has one step more than the model reads at once, and begins with the one that the window before
    it predicted last.
    """
    counts = np.where(sequences.lengths >= 2, -(-(sequences.lengths - 1) // max_steps), 0)
    owners = np.repeat(np.arange(len(sequences)), counts)
    # From the last window of a user back to the first.
    number = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    ends = sequences.offsets[1:][owners] - number * max_steps
    begins = np.maximum(sequences.offsets[:-1][owners], ends - max_steps - 1)
    return Windows(sequences.steps, begins, ends - begins)
