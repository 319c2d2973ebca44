"""Batches that were made beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


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
