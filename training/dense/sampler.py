"""``batches.plan_epoch`` as the batch sampler of sentence-transformers' trainer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sentence_transformers.base.sampler import DefaultBatchSampler

from training.dense.batches import batch_count, plan_epoch
from training.dense.examples import Examples


class LikeLengthSampler(DefaultBatchSampler):
    """Batches of like length, no false negatives. The trainer calls ``set_epoch``, also after a resume."""

    def __init__(self, examples: Examples, lengths: Sequence[int], size: int, seed: int) -> None:
        super().__init__(range(len(examples)), batch_size=size, drop_last=False, seed=seed)
        self._examples = examples
        self._lengths = lengths

    def __iter__(self) -> Iterator[list[int]]:
        yield from plan_epoch(self._examples, self._lengths, self.batch_size, self.seed, self.epoch)

    def __len__(self) -> int:
        return batch_count(len(self._examples), self.batch_size)
