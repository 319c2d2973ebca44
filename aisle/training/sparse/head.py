"""A head to begin with: every text gives weight to its own tokens, and to few others.

A sentence encoder's last hidden states do not speak the language of its word vectors, as a masked-language
model's do: an untrained head would switch on thousands of tokens at random. So the head is fitted before it
is trained: a linear map by ridge regression from hidden states to the (centred, unit) word vectors of their
own tokens, which keeps what the states know of their neighbours; the word vectors themselves beside it; and a
threshold and a scale from the logits that come of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aisle.encoder.export.checkpoint import read_checkpoint
from aisle.encoder.export.sparse import Floats, SparseHead, feature_tokens, masked_language_head
from aisle.training.common.base_model import BaseModel
from aisle.training.data.examples import TokenTable
from aisle.training.sparse.model import Rows, Splade, max_pooled
from aisle.training.sparse.settings import QuerySide, SparseSettings


def idf(rows: Iterable[Sequence[int]], token_ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """BM25's inverse document frequency of tokens, as Lucene has it: always above 0, float32 [v].

    Args:
        rows: token ids of each text.
        token_ids: int64 [v], the tokens to count.
    """
    counts = np.zeros(int(token_ids.max()) + 1, dtype=np.int64)
    texts = 0
    for row in rows:
        own = np.unique(np.asarray(row, dtype=np.int64))
        counts[own[own < len(counts)]] += 1
        texts += 1
    frequency = counts[token_ids]
    found: NDArray[np.float32] = np.log(1 + (texts - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
    return found


SAMPLE = 2048
"""Texts that the head is fitted on."""

_MEASURED = 128
_BATCH = 64
_RIDGE = 1e-2


def init_head(bert: Any, base: BaseModel, catalogue: TokenTable, settings: SparseSettings) -> SparseHead:
    """The model's own masked-language head if it has one, else one that is fitted to the catalogue."""
    words = bert.embeddings.word_embeddings.weight.detach().cpu().float().numpy()
    token_ids, _ = feature_tokens(base.tokenizer, len(words))
    head = masked_language_head(read_checkpoint(base.folder), token_ids)
    if head is None:
        plain = Splade(bert, plain_head(words, token_ids), bf16=False).to(bert.device).eval()
        head = fitted_head(plain, catalogue.ids, settings.start_active)
    if settings.query_side is QuerySide.INFERENCE_FREE:
        head = replace(head, query=idf(catalogue.ids, token_ids))
    return head


def plain_head(words: Floats, token_ids: NDArray[np.int64]) -> SparseHead:
    """What is known before any text is read: the decoder and the word vectors' own way into it.

    Args:
        words: the model's word vectors, float32 [rows, h].
        token_ids: int64 [v].
    """
    width = words.shape[1]
    own = words[token_ids]
    centre = own.mean(axis=0)
    lengths = np.linalg.norm(own - centre, axis=1, keepdims=True)
    typical = float(np.median(lengths))
    return SparseHead(
        token_ids=token_ids,
        transform=np.zeros((width, width), dtype=np.float32),
        transform_bias=(-centre / typical).astype(np.float32),
        gelu=False,
        skip=(np.eye(width) / typical).astype(np.float32),
        # A normalised row has length sqrt(h): logits begin as cosines.
        gain=np.full(width, 1 / np.sqrt(width), dtype=np.float32),
        shift=np.zeros(width, dtype=np.float32),
        decoder=((own - centre) / np.maximum(lengths, 1e-6)).astype(np.float32),
        bias=np.zeros(len(token_ids), dtype=np.float32),
        query=None,
    )


def fitted_head(model: Splade, rows: Rows, start_active: float) -> SparseHead:
    """``plain_head`` with the map from hidden states, the threshold and the scale fitted to texts.

    Args:
        model: with a ``plain_head``.
        rows: token ids of texts of the catalogue; ``SAMPLE`` of them, at even distances, are read.
        start_active: tokens with a weight, as a multiple of a text's own.
    """
    sample = rows[:: max(1, len(rows) // SAMPLE)][:SAMPLE]
    head = model.head()
    weight, bias = _ridge(model, sample, head.decoder)
    head = replace(head, transform=weight, transform_bias=head.transform_bias + bias)
    return _calibrated(
        Splade(model.bert, head, bf16=False).to(model.device), head, sample[:_MEASURED], start_active
    )


@torch.no_grad()
def _ridge(model: Splade, rows: Rows, targets: Floats) -> tuple[Floats, Floats]:
    """Weight [h, h] and bias [h] that bring hidden states nearest to the target vectors of their tokens."""
    width = targets.shape[1]
    left = torch.zeros(width + 1, width + 1, dtype=torch.float64)
    right = torch.zeros(width + 1, width, dtype=torch.float64)
    goals = torch.from_numpy(targets)
    for start in range(0, len(rows), _BATCH):
        ids, mask = model.padded(rows[start : start + _BATCH])
        states = model.bert(input_ids=ids, attention_mask=mask).last_hidden_state.cpu()
        columns = model.columns[ids].cpu()  # type: ignore[index]
        real = mask.cpu().bool() & (columns >= 0)
        x = torch.cat([states[real], torch.ones(int(real.sum()), 1)], dim=1).double()
        left += x.T @ x
        right += x.T @ goals[columns[real]].double()
    left += _RIDGE * left.diagonal().mean() * torch.eye(width + 1, dtype=torch.float64)
    found = torch.linalg.solve(left, right).float().numpy()
    return np.ascontiguousarray(found[:-1]), found[-1]


@torch.no_grad()
def _calibrated(model: Splade, head: SparseHead, rows: Rows, start_active: float) -> SparseHead:
    """Threshold: so that only the highest cosines pass. Scale: so that a text's own tokens weigh about 1."""
    found = torch.cat([max_pooled(model.hidden(part), model.decoder, False) for part in _parts(rows)])
    own = model.own_tokens(rows) > 0
    kept = min(found.numel(), max(1, int(start_active * int(own.sum()))))
    threshold = float(found.flatten().topk(kept).values[-1])
    above = float((found[own] - threshold).clamp(min=0).mean()) if own.any() else 1.0
    scale = float(np.expm1(1.0)) / max(above, 1e-3)
    bias = np.full(len(head.bias), -scale * threshold, dtype=np.float32)
    return replace(head, gain=(head.gain * scale).astype(np.float32), bias=bias)


def _parts(rows: Rows) -> Sequence[Rows]:
    return [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]
