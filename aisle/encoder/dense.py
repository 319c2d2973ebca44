"""The dense encoder: texts to unit vectors with an ONNX graph on the CPU."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.base import TextModel
from aisle.errors import InputError


def cut(vectors: NDArray[np.float32], dims: int | None) -> NDArray[np.float32]:
    """The first ``dims`` columns of float32 [n, full], each row at unit length again (a zero row stays zero).

    Raises:
        InputError: ``dims`` is not within 1 and the full width.
    """
    full = vectors.shape[1]
    if dims is None or dims == full:
        return vectors
    if not 1 <= dims <= full:
        raise InputError(f"{dims} dimensions asked of an encoder of {full}", fix=f"ask for 1 to {full}")
    short = vectors[:, :dims]
    norms = np.linalg.norm(short, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(short, norms, out=np.zeros_like(short), where=norms > 0)
    return unit


KIND = "dense"

BATCH_TOKENS = 512
"""Tokens of a bulk batch: its activations fit a core's second-level cache (measured, docs/encoders.md)."""


class DenseEncoder(TextModel[NDArray[np.float32]]):
    """Text to float32 unit vectors. Safe to share between threads."""

    kind = KIND
    what = "a dense encoder"
    hint = "name a dense artifact, see `aisle encoder list`"

    def encode_queries(self, texts: Sequence[str], dims: int | None = None) -> NDArray[np.float32]:
        """Vectors of queries, float32 [n, dims or full], unit rows; the query prefix is added here.

        Raises:
            InputError: ``dims`` is not within 1 and the full width.
        """
        inputs = self._queries(texts)
        if len(inputs.rows) > 1:
            return cut(np.stack(self._bulk(inputs, BATCH_TOKENS)), dims)
        return cut(self._alone(inputs), dims)

    def encode_items(self, texts: Sequence[str], dims: int | None = None) -> NDArray[np.float32]:
        """Vectors of item texts (``aisle.encoder.text.item_text``), float32 [n, dims or full], unit rows.

        Raises:
            InputError: ``dims`` is not within 1 and the full width.
        """
        out = np.empty((len(texts), self.dims), dtype=np.float32)
        start = 0
        for window in self._items(texts):
            out[start : start + len(window.rows)] = self._bulk(window, BATCH_TOKENS)
            start += len(window.rows)
        return cut(out, dims)

    def _kept(self, outputs: NDArray[np.float32]) -> Sequence[NDArray[np.float32]]:
        return list(outputs)
