"""Matryoshka: the first dimensions of a vector are a vector (Kusupati et al. 2022, arXiv 2205.13147)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from records import InputError


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
