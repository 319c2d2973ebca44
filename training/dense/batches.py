"""Which rows share a batch: texts of like length, and never an item that answers another row's query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from training.dense.examples import Examples

MEGA_BATCHES = 16
"""Batches whose rows are sorted by length together: little padding, and still another mix every epoch."""


@dataclass(slots=True)
class _Batch:
    rows: list[int] = field(default_factory=list)
    queries: set[int] = field(default_factory=set)
    items: set[int] = field(default_factory=set)
    known: set[int] = field(default_factory=set)

    def takes(self, examples: Examples, row: int) -> bool:
        """No query twice; no item that is known to answer (partly) a query of another row."""
        return (
            examples.query[row] not in self.queries
            and self.known.isdisjoint(examples.candidates[row])
            and self.items.isdisjoint(examples.known[row])
        )

    def add(self, examples: Examples, row: int) -> None:
        self.rows.append(row)
        self.queries.add(examples.query[row])
        self.items.update(examples.candidates[row])
        self.known.update(examples.known[row])


def batch_count(rows: int, size: int) -> int:
    """Batches of an epoch. A remainder waits for another epoch: a small batch has few negatives."""
    return max(1, rows // size)


def plan_epoch(
    examples: Examples, lengths: Sequence[int], size: int, seed: int, epoch: int
) -> list[list[int]]:
    """Batches of row numbers for one epoch: ``batch_count(rows, size)`` of them, none empty.

    Each row at most once. Rows of a batch are sorted by length, for mini-batches without padding; a row that
    fits no batch of its length any more waits for the next rows, and at the end for the next epoch.

    Args:
        examples: the rows.
        lengths: tokens of each row's longest candidate.
        size: most rows of a batch.
        seed: of the run.
        epoch: the same seed and epoch, the same batches.
    """
    draw = np.random.default_rng((seed, epoch))
    order = draw.permutation(len(examples))
    count = batch_count(len(examples), size)
    planned: list[_Batch] = []
    waiting: list[int] = []
    for first in range(0, count, MEGA_BATCHES):
        last = first + MEGA_BATCHES >= count
        rows = order[first * size :] if last else order[first * size : (first + MEGA_BATCHES) * size]
        together = sorted([*waiting, *rows.tolist()], key=lambda row: lengths[row])
        batches, waiting = _filled(examples, together, size, min(MEGA_BATCHES, count - first))
        planned += batches
    return [planned[i].rows for i in draw.permutation(len(planned))]


def _filled(examples: Examples, rows: Sequence[int], size: int, count: int) -> tuple[list[_Batch], list[int]]:
    """First fit, in order of length. A new batch is begun when no open one takes a row."""
    batches: list[_Batch] = []
    open_ones: list[_Batch] = []
    waiting: list[int] = []
    for row in rows:
        fit = next((batch for batch in open_ones if batch.takes(examples, row)), None)
        if fit is None and len(batches) < count:
            fit = _Batch()
            batches.append(fit)
            open_ones.append(fit)
        if fit is None:
            waiting.append(row)
            continue
        fit.add(examples, row)
        if len(fit.rows) == size:
            open_ones.remove(fit)
    return batches, waiting
