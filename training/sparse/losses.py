"""What a sparse encoder is taught: to tell a query's item from the others, with few weights."""

from __future__ import annotations

import torch
from torch import Tensor


def ranking(queries: Tensor, items: Tensor, scale: float) -> Tensor:
    """Mean cross-entropy of each query's own item among all items of the batch (InfoNCE, dot products).

    Args:
        queries: float32 [b, v].
        items: float32 [n, v]; row i < b answers query i, and none of the others does.
        scale: of the scores.
    """
    scores = scale * queries @ items.T
    return torch.nn.functional.cross_entropy(scores, torch.arange(len(queries), device=scores.device))


def flops(weights: Tensor) -> Tensor:
    """Sum over tokens of the squared mean weight: how many products a search costs, smoothed (Paria et al.
    2020, arXiv 2004.05665, equation 4). float32 [n, v] to one value."""
    return weights.mean(dim=0).square().sum()


def warmed(weight: float, done: float, share: float) -> float:
    """``weight``, once ``share`` of a run is ``done``; until then it rises with the square (2107.05720)."""
    return weight if done >= share else weight * (done / share) ** 2
