"""sentence-transformers' losses for a stage, at every Matryoshka width (Kusupati et al. 2022, 2205.13147)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
    DistillKLDivLoss,
    MatryoshkaLoss,
    MultipleNegativesRankingLoss,
)
from torch import Tensor, nn

from aisle.training.common.machine import TrainingPrecision
from aisle.training.data.examples import Examples, TeacherTargets
from aisle.training.dense.trainer import Collator, StageSettings

TOKENS_AT_ONCE: Final = 12_288
"""What goes through the model in one piece. With 256 reviews of 128 tokens in one piece a step took 13 s on
two cores, as the intermediate results of attention fit no cache; titles in pieces of this size take 1 s."""
_TYPICAL: Final = 95


def stage_loss(
    model: SentenceTransformer, settings: StageSettings, batch: int, examples: Examples, texts: Collator
) -> nn.Module:
    """The ranking loss, and the teacher's if the examples hold its scores."""
    loss: nn.Module
    rows = rows_at_once(settings.mini_batch, [*texts.queries.lengths, *texts.items.lengths])
    if examples.teaching is not None:
        loss = RankingAndTeaching(model, settings.scale, examples.teaching)
    elif batch > rows:
        loss = CachedRanking(model, settings, rows)
    else:
        loss = MultipleNegativesRankingLoss(model, scale=settings.scale)
    weights = settings.widths_of(model.get_embedding_dimension() or 0)
    return MatryoshkaLoss(model, loss, list(weights), list(weights.values()))


def rows_at_once(most: int, lengths: Sequence[int]) -> int:
    """Rows of a mini-batch: at most ``most``, fewer where texts of ``lengths`` tokens are long."""
    return max(1, min(most, TOKENS_AT_ONCE // int(np.percentile(lengths, _TYPICAL))))


class CachedRanking(CachedMultipleNegativesRankingLoss):
    """GradCache in the run's precision.

    The library embeds each mini-batch twice, the second time in the backward pass, which the trainer runs
    outside of autocast: in float32, at a third of the speed, and not what the cached gradients belong to.
    """

    def __init__(self, model: SentenceTransformer, settings: StageSettings, rows: int) -> None:
        super().__init__(model, scale=settings.scale, mini_batch_size=rows)
        self._bf16 = settings.precision.on(model.device.type) is TrainingPrecision.BF16

    def embed_minibatch(self, *args: Any, **named: Any) -> Any:
        """As the library's, under autocast whenever it is called."""
        with torch.autocast(self.model.device.type, torch.bfloat16, enabled=self._bf16):
            return super().embed_minibatch(*args, **named)


class RankingAndTeaching(nn.Module):
    """Softmax over the items of the batch, and the divergence from the teacher's softmax over a row's own."""

    def __init__(self, model: SentenceTransformer, scale: float, teaching: TeacherTargets) -> None:
        super().__init__()
        self.model = model
        self._ranking = MultipleNegativesRankingLoss(model, scale=scale)
        self._teaching = DistillKLDivLoss(
            model, student_temperature=1 / scale, teacher_temperature=teaching.temperature
        )
        # The loss multiplies by the student's temperature squared, which would leave a four-hundredth of it.
        self._weight = teaching.weight * scale**2

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: Tensor) -> Tensor:
        """One value; ``labels`` are the teacher's scores [rows, candidates]."""
        vectors = [self.model(features)["sentence_embedding"] for features in sentence_features]
        ranking: Tensor = self._ranking.compute_loss_from_embeddings(vectors, labels)
        taught: Tensor = self._teaching.compute_loss_from_embeddings(vectors, labels)
        return ranking + self._weight * taught
