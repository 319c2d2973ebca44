"""A student of a trained encoder: its settings, its loss, and its batches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.sampler import DefaultBatchSampler
from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax, normalize

from aisle.encoder.tokenizer import padded
from aisle.training.common.settings import FitSettings, Rule
from aisle.training.data.examples import length_batches


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentSettings(FitSettings):
    """A distillation: some layers of a teacher, taught to give its vectors.

    Attributes:
        base: the teacher: a folder of a trained model, in sentence-transformers' layout.
        keep: numbers of the teacher's layers that the student begins with, rising.
        widths: Matryoshka widths at which vectors are compared, with the full one; wider ones are skipped.
        similarity: weight of the divergence between the batch's similarities (Passalis and Tefas 2018,
            arXiv 1803.10837) beside that of the cosine distance, which is 1; 0 for none.
        scale: 1 / temperature of the softmax over those similarities.
        tokens: longest text, in tokens.

    Raises:
        InputError: a value that cannot be used; names it.
    """

    keep: tuple[int, ...] = (0, 2, 5)
    widths: tuple[int, ...] = (256, 128, 64, 32)
    similarity: float = 1.0
    scale: float = 20.0
    epochs: float = 4
    batch: int = 128
    learning_rate: float = 2e-4
    tokens: int = 64
    seed: int = 7

    def rules(self) -> Iterable[Rule]:
        """What values must satisfy."""
        rising = list(self.keep) == sorted(set(self.keep)) and min(self.keep, default=-1) >= 0
        return (
            *FitSettings.rules(self),
            ("keep", rising, "one or more rising layer numbers from 0"),
            ("widths", all(width >= 1 for width in self.widths), "widths of 1 or more"),
            ("similarity", self.similarity >= 0, "0 or more"),
            ("scale", self.scale > 0, "more than 0"),
            ("batch", self.batch >= 2, "2 or more"),
            ("tokens", self.tokens >= 3, "3 or more"),
        )

    def widths_of(self, full: int) -> tuple[int, ...]:
        """For a model of that full width, which comes first."""
        return tuple(sorted({full, *(width for width in self.widths if width < full)}, reverse=True))


class VectorDistillation(nn.Module):
    """Cosine distance to the teacher's vector, and divergence of the similarities within the batch.

    As sentence-transformers' EmbedDistillLoss (Kim et al. 2023, arXiv 2301.12005), which knows one width:
    its MatryoshkaLoss cuts the student's vectors and not the labels.
    """

    def __init__(
        self, model: SentenceTransformer, widths: Sequence[int], similarity: float, scale: float
    ) -> None:
        super().__init__()
        self.model = model
        self._widths = tuple(widths)
        self._similarity = similarity
        self._scale = scale

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: Tensor) -> Tensor:
        """One value; ``labels`` are the teacher's full vectors, float32 [rows, width]."""
        (features,) = sentence_features
        vectors = self.model(features)["sentence_embedding"].float()
        return self.compare(vectors, labels)

    def compare(self, vectors: Tensor, teacher: Tensor) -> Tensor:
        """Mean over the widths, for float32 [rows, width] each."""
        parts = []
        for width in self._widths:
            student, goal = (normalize(side[:, :width], dim=1) for side in (vectors, teacher))
            part = 1 - (student * goal).sum(dim=1).mean()
            if self._similarity and len(student) > 1:
                part = part + self._similarity * self._divergence(student, goal)
            parts.append(part)
        return torch.stack(parts).mean()

    def _divergence(self, student: Tensor, goal: Tensor) -> Tensor:
        """Of the softmax of each row's similarities to the others."""
        others = ~torch.eye(len(student), dtype=torch.bool, device=student.device)
        logs = []
        for side in (student, goal):
            similar = (side @ side.T)[others].view(len(side), -1)
            logs.append(log_softmax(self._scale * similar, dim=1))
        return kl_div(logs[0], logs[1], reduction="batchmean", log_target=True)


TEXT = "text"
LABEL = "label"

MEGA_BATCHES = 16
"""Batches whose texts are sorted by length together: little padding, and another mix every epoch."""


@dataclass(frozen=True, slots=True)
class Collator:
    """Text numbers to ``text_input_ids`` and ``text_attention_mask``, int64 [rows, longest], and ``label``.

    Attributes:
        ids: token ids of every text.
        teacher: the teacher's vectors of them, float32 [texts, width].
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
