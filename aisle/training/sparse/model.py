"""The torch model: a BERT encoder with the head of ``aisle.encoder.export.sparse``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aisle.encoder.export.sparse import SparseHead
from aisle.encoder.tokenizer import padded


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


def max_pooled(hidden: Tensor, decoder: Tensor, bf16: bool) -> Tensor:
    """Maximum over positions of hidden decoder^T, float32 [texts, v].

    Args:
        hidden: float32 [texts, positions, h]; padding must repeat a real position.
        decoder: float32 [v, h].
        bf16: multiply in bfloat16; gradients are float32 all the same.
    """
    found: Tensor = _Peaks.apply(hidden, decoder, bf16)
    return found


Rows = Sequence[Sequence[int]]

MAX_QUERY_WEIGHT = 60.0
"""OpenSearch takes weights up to 64."""


class Splade(nn.Module):
    """Token ids to weights of vocabulary tokens, float32 [texts, v]."""

    def __init__(self, bert: Any, head: SparseHead, bf16: bool, leak: float = 0.0) -> None:
        super().__init__()
        self.bert: Any = bert
        self._bf16 = bf16
        self._leak = leak
        self._gelu = head.gelu
        self._token_ids = head.token_ids
        self.transform = _linear(head.transform, head.transform_bias)
        self.skip = None if head.skip is None else _linear(head.skip, None)
        self.norm = nn.LayerNorm(len(head.gain), eps=self.bert.config.layer_norm_eps)
        self.norm.weight.data = torch.from_numpy(head.gain.copy())
        self.norm.bias.data = torch.from_numpy(head.shift.copy())
        self.decoder = nn.Parameter(torch.from_numpy(head.decoder.copy()))
        self.bias = nn.Parameter(torch.from_numpy(head.bias.copy()))
        self.log_query: nn.Parameter | None = None
        if head.query is not None:
            self.log_query = nn.Parameter(torch.from_numpy(np.log(head.query)))
        columns = torch.full((self.bert.config.vocab_size,), -1, dtype=torch.long)
        columns[torch.from_numpy(head.token_ids)] = torch.arange(len(head.token_ids))
        self.register_buffer("columns", columns, persistent=False)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.decoder.device

    def forward(self, rows: Rows) -> Tensor:
        """Weights of texts by the model: log(1 + relu(peak))."""
        return saturated(max_pooled(self.hidden(rows), self.decoder, self._bf16) + self.bias, self._leak)

    def queries(self, rows: Rows) -> Tensor:
        """Weights of queries: by the model, or what each of their tokens weighs."""
        if self.log_query is None:
            weighted: Tensor = self(rows)
            return weighted
        own = self.own_tokens(rows)
        return own * self.log_query.clamp(max=float(np.log(MAX_QUERY_WEIGHT))).exp()

    def own_tokens(self, rows: Rows) -> Tensor:
        """1 where a text holds the token, float32 [texts, v]."""
        found = torch.zeros(len(rows), len(self.bias), device=self.device)
        for text, row in enumerate(rows):
            columns = self.columns[torch.tensor(row, device=self.device)]  # type: ignore[index]
            found[text, columns[columns >= 0]] = 1
        return found

    def hidden(self, rows: Rows) -> Tensor:
        """What the decoder multiplies, float32 [texts, longest, h]; padding repeats the first position."""
        ids, mask = self.padded(rows)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bf16):
            states = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
            turned = self.transform(states)
            if self._gelu:
                turned = nn.functional.gelu(turned)
            if self.skip is not None:
                turned = turned + self.skip(self.bert.embeddings.word_embeddings(ids))
        normed: Tensor = self.norm(turned.float())
        return torch.where(mask.bool().unsqueeze(-1), normed, normed[:, :1])

    def padded(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Ids and mask, int64 [texts, longest]."""
        ids, lengths = padded(rows)
        mask = (np.arange(ids.shape[1]) < lengths[:, None]).astype(np.int64)
        return torch.from_numpy(ids).to(self.device), torch.from_numpy(mask).to(self.device)

    def head(self) -> SparseHead:
        """The head as it stands."""
        query = None
        if self.log_query is not None:
            query = np.minimum(np.exp(_array(self.log_query)), np.float32(MAX_QUERY_WEIGHT))
        return SparseHead(
            token_ids=self._token_ids,
            transform=_array(self.transform.weight).T,
            transform_bias=_array(self.transform.bias),
            gelu=self._gelu,
            skip=None if self.skip is None else _array(self.skip.weight).T,
            gain=_array(self.norm.weight),
            shift=_array(self.norm.bias),
            decoder=_array(self.decoder),
            bias=_array(self.bias),
            query=query,
        )


def _linear(weight: NDArray[np.float32], bias: NDArray[np.float32] | None) -> nn.Linear:
    layer = nn.Linear(weight.shape[0], weight.shape[1], bias=bias is not None)
    layer.weight.data = torch.from_numpy(np.ascontiguousarray(weight.T))
    if bias is not None:
        layer.bias.data = torch.from_numpy(bias.copy())
    return layer


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return tensor.detach().cpu().numpy().astype(np.float32)
