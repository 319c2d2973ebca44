"""What a sequence model minimises at every step: which of the items comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from aisle.training.recommendation.model import ItemVectors, SequenceModel


class SequenceLoss(Protocol):
    """A loss over the steps of a batch."""

    def words(self) -> str:
        """For manifests and tables."""

    def __call__(
        self,
        model: SequenceModel[ItemVectors],
        users: Tensor,
        targets: Tensor,
        trained: Tensor,
        draw: torch.Generator,
    ) -> Tensor:
        """The mean over steps.

        Args:
            model: gives items their vectors.
            users: float32 [steps, dims], what is known before each step.
            targets: int64 [steps], items that came next.
            trained: int64 [n], items that were taken at all: what is drawn from.
            draw: of random numbers.
        """


@dataclass(frozen=True, slots=True)
class SampledSoftmax:
    """Cross-entropy of the target among uniform negatives that the whole batch shares.

    Attributes:
        negatives: that are drawn for each batch.
    """

    negatives: int = 1024

    def words(self) -> str:
        """See `SequenceLoss`."""
        return f"softmax, {self.negatives:,} shared negatives"

    def __call__(
        self,
        model: SequenceModel[ItemVectors],
        users: Tensor,
        targets: Tensor,
        trained: Tensor,
        draw: torch.Generator,
    ) -> Tensor:
        """See `SequenceLoss`."""
        drawn = trained[torch.randint(len(trained), (self.negatives,), generator=draw)]
        own = (users * model.items(targets)).sum(dim=-1, keepdim=True)
        others = users @ model.items(drawn).T
        others = others.masked_fill(drawn == targets[:, None], -torch.inf)
        return functional.cross_entropy(
            torch.cat([own, others], dim=1), torch.zeros(len(users), dtype=torch.int64)
        )


@dataclass(frozen=True, slots=True)
class FullSoftmax:
    """Cross-entropy of the target among all items that were taken."""

    def words(self) -> str:
        """See `SequenceLoss`."""
        return "softmax over all items"

    def __call__(
        self,
        model: SequenceModel[ItemVectors],
        users: Tensor,
        targets: Tensor,
        trained: Tensor,
        draw: torch.Generator,  # noqa: ARG002
    ) -> Tensor:
        """See `SequenceLoss`."""
        # Targets are among those that were taken, which are sorted.
        places = torch.searchsorted(trained, targets)
        return functional.cross_entropy(users @ model.items(trained).T, places)


@dataclass(frozen=True, slots=True)
class BinaryCrossEntropy:
    """SASRec's own (Kang and McAuley 2018, arXiv 1808.09781): the target against one uniform negative."""

    def words(self) -> str:
        """See `SequenceLoss`."""
        return "binary cross-entropy, one negative a step"

    def __call__(
        self,
        model: SequenceModel[ItemVectors],
        users: Tensor,
        targets: Tensor,
        trained: Tensor,
        draw: torch.Generator,
    ) -> Tensor:
        """See `SequenceLoss`."""
        drawn = trained[torch.randint(len(trained), (len(targets),), generator=draw)]
        own = (users * model.items(targets)).sum(dim=-1)
        other = (users * model.items(drawn)).sum(dim=-1)
        return functional.softplus(-own).mean() + functional.softplus(other).mean()
