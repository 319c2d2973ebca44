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
from aisle.training.common.machine import TrainingPrecision

_BATCH = 256


class TorchEncoder:
    """A model as it stands, which remembers what it has encoded: good until the model is trained on."""

    def __init__(
        self, model: SentenceTransformer, prefixes: Prefixes, longest: int, precision: TrainingPrecision
    ) -> None:
        """Args:
        model: of torch.
        prefixes: put before queries and items.
        longest: longest text, in tokens; longer ones are cut.
        precision: ``FP32`` or ``BF16``.
        """
        self._model, self._prefixes, self._longest, self._precision = model, prefixes, longest, precision
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 [n, full width], unit rows, in the order of the texts."""
        return self._encoded([self._prefixes.query + text for text in texts])

    def encode_items(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 [n, full width], unit rows, in the order of the texts."""
        return self._encoded([self._prefixes.item + text for text in texts])

    def _encoded(self, texts: list[str]) -> NDArray[np.float32]:
        fresh = list(dict.fromkeys(text for text in texts if text not in self._known))
        if fresh:
            vectors = encode(self._model, fresh, self._longest, self._precision)
            self._known.update(zip(fresh, vectors, strict=True))
        return np.stack([self._known[text] for text in texts])


def encode(
    model: SentenceTransformer, texts: Sequence[str], longest: int, precision: TrainingPrecision
) -> NDArray[np.float32]:
    """float32 [n, full width], unit rows, of texts with their prefixes.

    In batches of like length: sentence-transformers' own ``encode`` sorts by characters, tokenizes batch by
    batch and takes almost twice as long on a CPU (Intel Xeon, 2 cores).
    """
    tokenizer: Any = model.tokenizer
    rows: list[list[int]] = tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]
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


def _vectors(model: SentenceTransformer, rows: list[list[int]]) -> NDArray[np.float32]:
    ids, lengths = padded(rows)
    mask = (np.arange(ids.shape[1]) < lengths[:, None]).astype(np.int64)
    features = {"input_ids": ids, "attention_mask": mask}
    made = model({name: torch.from_numpy(value).to(model.device) for name, value in features.items()})
    vectors = torch.nn.functional.normalize(made["sentence_embedding"].float(), dim=-1)
    return np.asarray(vectors.cpu().numpy(), dtype=np.float32)
