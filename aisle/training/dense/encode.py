"""Texts to unit vectors with the torch model as it stands in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from aisle.encoder.artifact import Prefixes
from aisle.encoder.tokenizer import padded
from aisle.training.common.settings import TrainingPrecision
from aisle.training.data.mining import Encode

_BATCH = 256


def encode(
    model: SentenceTransformer,
    prefixes: Prefixes,
    longest: int,
    precision: TrainingPrecision,
    texts: Sequence[str],
    is_query: bool,
) -> NDArray[np.float32]:
    """float32 [n, full width], unit rows; prefixes are put before the texts here.

    In batches of like length: sentence-transformers' own ``encode`` sorts by characters, tokenizes batch by
    batch and takes almost twice as long on a CPU (measured).
    """
    prefix = prefixes.query if is_query else prefixes.item
    rows = _tokens(model, [prefix + text for text in texts], longest)
    order = np.argsort([len(row) for row in rows], kind="stable")
    out = np.empty((len(rows), model.get_embedding_dimension() or 0), dtype=np.float32)
    training = model.training
    model.eval()
    bf16 = precision is TrainingPrecision.BF16
    with torch.inference_mode(), torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=bf16):
        for start in range(0, len(rows), _BATCH):
            chosen = order[start : start + _BATCH]
            out[chosen] = _vectors(model, [rows[at] for at in chosen])
    model.train(training)
    return out


def _tokens(model: SentenceTransformer, texts: list[str], longest: int) -> list[list[int]]:
    tokenizer: Any = model.tokenizer
    found: list[list[int]] = tokenizer(texts, truncation=True, max_length=longest)["input_ids"]
    return found


def _vectors(model: SentenceTransformer, rows: list[list[int]]) -> NDArray[np.float32]:
    ids, lengths = padded(rows)
    mask = (np.arange(ids.shape[1]) < lengths[:, None]).astype(np.int64)
    features = {"input_ids": ids, "attention_mask": mask}
    made = model({name: torch.from_numpy(value).to(model.device) for name, value in features.items()})
    vectors = torch.nn.functional.normalize(made["sentence_embedding"].float(), dim=-1)
    return np.asarray(vectors.cpu().numpy(), dtype=np.float32)


class CachedEncode:
    """An ``Encode`` that keeps what it has encoded. Good until the model is trained on."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._known: dict[tuple[str, bool], NDArray[np.float32]] = {}

    def __call__(self, texts: Sequence[str], is_query: bool) -> NDArray[np.float32]:
        """float32 [n, d], unit rows, in the order of the texts."""
        fresh = list(dict.fromkeys(text for text in texts if (text, is_query) not in self._known))
        if fresh:
            for text, vector in zip(fresh, self._encode(fresh, is_query), strict=True):
                self._known[text, is_query] = vector
        return np.stack([self._known[text, is_query] for text in texts])
