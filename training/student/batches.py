"""Batches of texts of like length, with the teacher's vectors as labels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers.base.sampler import DefaultBatchSampler

from encoder.tokens import padded
from training.like_length import length_batches

TEXT = "text"
LABEL = "label"

MEGA_BATCHES = 16
"""Batches whose texts are sorted by length together: little padding, and another mix every epoch."""


@dataclass(frozen=True, slots=True)
class Collator:
    """Text numbers to ``text_input_ids`` and ``text_attention_mask``, int64 [rows, longest], and ``label``.

    Attributes:
        ids: token ids of every text; teacher: its vectors, float32 [texts, width].
        valid_label_columns: what the trainer asks a collator for.
    """

    ids: Sequence[Sequence[int]]
    teacher: NDArray[np.float32]
    valid_label_columns: list[str] = field(default_factory=lambda: [LABEL])

    def __call__(self, rows: Sequence[Mapping[str, int]]) -> dict[str, torch.Tensor]:
        """One batch."""
        numbers = [row[TEXT] for row in rows]
        ids, lengths = padded([self.ids[number] for number in numbers])
        mask = (np.arange(ids.shape[1]) < lengths[:, None]).astype(np.int64)
        return {
            f"{TEXT}_input_ids": torch.from_numpy(ids),
            f"{TEXT}_attention_mask": torch.from_numpy(mask),
            LABEL: torch.from_numpy(self.teacher[numbers]),
        }


class LengthSampler(DefaultBatchSampler):
    """Every text once an epoch, in batches of like length. The trainer calls ``set_epoch``."""

    def __init__(self, lengths: Sequence[int], size: int, seed: int) -> None:
        super().__init__(range(len(lengths)), batch_size=size, drop_last=False, seed=seed)
        self._lengths = lengths

    def __iter__(self) -> Iterator[list[int]]:
        seed = (self.seed, self.epoch)
        yield from length_batches(self._lengths, self.batch_size, seed, MEGA_BATCHES)

    def __len__(self) -> int:
        # Every mega-batch but the last is a whole number of batches.
        return math.ceil(len(self._lengths) / self.batch_size)
