"""log(1 + relu(z)), with a way back for tokens that are off.

A head that begins with each text's own tokens switched on has no gradient for any other: no item could ever
learn to answer to a word that it does not hold. So where the loss asks for more of a token that is off, a
share of the gradient passes all the same (a straight-through estimate, Bengio et al. 2013, 1308.3432).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _Saturated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, leak: float) -> Tensor:
        weights = torch.log1p(torch.relu(logits))
        ctx.save_for_backward(weights)
        ctx.leak = leak
        return weights

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        (weights,) = ctx.saved_tensors
        # Descent raises what has a negative gradient.
        wanted = ctx.leak * gradient.clamp(max=0)
        return torch.where(weights > 0, gradient * torch.exp(-weights), wanted), None


def saturated(logits: Tensor, leak: float) -> Tensor:
    """Weights, 0 and up, of the logits' shape.

    Args:
        logits: float32.
        leak: share of the gradient that passes where a weight is 0 and the loss asks for more; 0 is a ReLU's.
    """
    found: Tensor = _Saturated.apply(logits, leak)
    return found
