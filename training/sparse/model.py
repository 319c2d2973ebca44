"""The torch model: a BERT encoder with the head of ``training.export.sparse_head``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from encoder.tokens import padded
from training.export.sparse_head import SparseHead
from training.sparse.activation import saturated
from training.sparse.peaks import peaks

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
        return saturated(peaks(self.hidden(rows), self.decoder, self._bf16) + self.bias, self._leak)

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
