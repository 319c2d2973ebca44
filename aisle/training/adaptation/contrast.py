"""Losses of pre-training on several domains: what comes next, against what came next elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from aisle.training.adaptation.tables import CodeTables
from aisle.training.recommendation.model import ItemVectors, SequenceModel


@dataclass(frozen=True, slots=True)
class InBatch:
    """Cross-entropy of the target among all different targets of the batch, of whatever domain."""

    def words(self) -> str:
        """See ``aisle.training.recommendation.losses.SequenceLoss``."""
        return "softmax over the batch's targets"

    def __call__(
        self,
        model: SequenceModel[ItemVectors],
        users: Tensor,
        targets: Tensor,
        trained: Tensor,  # noqa: ARG002
        draw: torch.Generator,  # noqa: ARG002
    ) -> Tensor:
        """See ``aisle.training.recommendation.losses.SequenceLoss``."""
        others, places = targets.unique(return_inverse=True)  # type: ignore[no-untyped-call]
        return functional.cross_entropy(users @ model.items(others).T, places)


@dataclass(frozen=True, slots=True)
class CodeContrast:
    """The same with a semi-synthetic negative for each target (VQ-Rec, arXiv 2210.12316, section 2.3.1).

    Attributes:
        replaced: share of the target's codes that are drawn anew.
    """

    replaced: float = 0.75

    def words(self) -> str:
        """See ``aisle.training.recommendation.losses.SequenceLoss``."""
        return f"softmax over the batch's targets and one with {self.replaced:.0%} of its codes drawn anew"

    def __call__(
        self,
        model: SequenceModel[ItemVectors],
        users: Tensor,
        targets: Tensor,
        trained: Tensor,  # noqa: ARG002
        draw: torch.Generator,
    ) -> Tensor:
        """See ``aisle.training.recommendation.losses.SequenceLoss``.

        Raises:
            TypeError: the model's items have no codes.
        """
        tables = model.items
        if not isinstance(tables, CodeTables):
            raise TypeError(f"items of {type(tables).__name__} have no codes")
        others, places = targets.unique(return_inverse=True)  # type: ignore[no-untyped-call]
        false = (users * tables.partly_replaced(targets, self.replaced, draw)).sum(dim=-1, keepdim=True)
        return functional.cross_entropy(torch.cat([users @ tables(others).T, false], dim=1), places)
