"""How far a student's vectors are from its teacher's, at every Matryoshka width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax, normalize


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
