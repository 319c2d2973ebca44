"""The highest logit of every vocabulary token over a text's positions, without keeping all logits.

Position by position the logits of a batch of 128 titles are 125 million numbers, of which the pooling passes
on one in thirty, and the ReLU behind it one in a thousand. So they are made in slices of the vocabulary, only
their maxima are kept, and the backward pass visits only those maxima that have a gradient.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

COLUMNS = 2048
"""Vocabulary tokens of a slice: its logits fit a core's cache."""


class _Peaks(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, decoder: Tensor, bf16: bool) -> Tensor:
        ctx.save_for_backward(hidden, decoder)
        dtype = torch.bfloat16 if bf16 else torch.float32
        texts, positions, width = hidden.shape
        rows = hidden.to(dtype).view(texts * positions, width)
        columns = decoder.to(dtype)
        out = torch.empty(texts, len(decoder), dtype=torch.float32, device=hidden.device)
        for start in range(0, len(decoder), COLUMNS):
            logits = rows @ columns[start : start + COLUMNS].T
            out[:, start : start + COLUMNS] = logits.view(texts, positions, -1).amax(dim=1)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        (gradient,) = gradients
        hidden, decoder = ctx.saved_tensors
        to_hidden, to_decoder = torch.zeros_like(hidden), torch.zeros_like(decoder)
        for text, row in enumerate(gradient):
            columns = row.nonzero().squeeze(1)
            vectors = decoder[columns]
            # Which position had the maximum is found again: cheaper than to remember it for every token.
            places = (hidden[text] @ vectors.T).argmax(dim=0)
            amounts = row[columns].unsqueeze(1)
            to_hidden[text].index_add_(0, places, amounts * vectors)
            to_decoder.index_add_(0, columns, amounts * hidden[text][places])
        return to_hidden, to_decoder, None


def peaks(hidden: Tensor, decoder: Tensor, bf16: bool) -> Tensor:
    """Maximum over positions of hidden decoder^T, float32 [texts, v].

    Args:
        hidden: float32 [texts, positions, h]; padding must repeat a real position.
        decoder: float32 [v, h].
        bf16: multiply in bfloat16; gradients are float32 all the same.
    """
    found: Tensor = _Peaks.apply(hidden, decoder, bf16)
    return found
