"""sentence-transformers' losses for a stage, at every Matryoshka width (Kusupati et al. 2022, 2205.13147)."""

from __future__ import annotations

from collections.abc import Iterable

from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
    DistillKLDivLoss,
    MatryoshkaLoss,
    MultipleNegativesRankingLoss,
)
from torch import Tensor, nn

from training.dense.examples import Examples, Teaching
from training.dense.settings import TrainingSettings


def stage_loss(
    model: SentenceTransformer, settings: TrainingSettings, batch: int, examples: Examples
) -> nn.Module:
    """The ranking loss, and the teacher's if the examples hold its scores."""
    loss: nn.Module
    if examples.teaching is not None:
        loss = RankingAndTeaching(model, settings.scale, examples.teaching)
    elif batch > settings.mini_batch:
        loss = CachedMultipleNegativesRankingLoss(
            model, scale=settings.scale, mini_batch_size=settings.mini_batch
        )
    else:
        loss = MultipleNegativesRankingLoss(model, scale=settings.scale)
    weights = settings.widths_of(model.get_embedding_dimension() or 0)
    return MatryoshkaLoss(model, loss, list(weights), list(weights.values()))


class RankingAndTeaching(nn.Module):
    """Softmax over the items of the batch, and the divergence from the teacher's softmax over a row's own."""

    def __init__(self, model: SentenceTransformer, scale: float, teaching: Teaching) -> None:
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
