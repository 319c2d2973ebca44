"""Vectors of items by what is bought with them: a second modality beside their texts."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds

from aisle.errors import InputError
from aisle.recommendation.counts import CountOptions, count_items
from aisle.sequences import Sequences

_SMOOTHING: Final = 0.75
"""Power of how often an item occurs beside others; under 1 it lowers the weight of rare ones."""


def co_purchase_vectors(sequences: Sequences, dims: int = 32, seed: int = 0) -> NDArray[np.float32]:
    """Factors of how much more often than by chance two items are bought near each other.

    The positive pointwise mutual information of all pairs, of contexts smoothed with the power .75 (Levy,
    Goldberg and Dagan 2015, TACL 3, section 3), is factored by a truncated SVD whose left vectors are scaled
    with the roots of the singular values (the same, equation 8). It is what skip-gram with negative sampling
    factors implicitly (Levy and Goldberg 2014).

    Args:
        sequences: of users; steps up to 8 apart count, with 1 / their distance.
        dims: width; less where there are fewer items.
        seed: of the vector that the SVD begins with.

    Returns:
        float32 [items, dims or less]; zeros for items that are bought with no other.

    Raises:
        InputError: no two items are bought by one user.
    """
    options = CountOptions()
    follows = count_items(sequences, options).follows
    near = (follows + follows.T).astype(np.float64) / options.unit
    if not near.nnz:
        raise InputError(
            "no user has two different items: there are no co-purchases", fix="leave the events out"
        )
    ppmi = _ppmi(sparse.coo_array(near))
    width = max(1, min(dims, min(ppmi.shape) - 1))
    start = np.random.default_rng(seed).uniform(-1, 1, min(ppmi.shape))
    left, values, _ = svds(ppmi, k=width, v0=start)
    order = np.argsort(-values)
    found: NDArray[np.float32] = (left[:, order] * np.sqrt(values[order])).astype(np.float32)
    # Rounding leaves traces of nothing where nothing is.
    found[np.diff(ppmi.indptr) == 0] = 0
    return found


def _ppmi(near: sparse.coo_array) -> sparse.csr_array:
    rows = np.asarray(near.sum(axis=1)).reshape(-1)
    contexts = rows**_SMOOTHING
    expected = rows[near.row] * contexts[near.col] / contexts.sum()
    gains = np.maximum(np.log(near.data / expected), 0)
    found = sparse.csr_array((gains, (near.row, near.col)), shape=near.shape)
    found.eliminate_zeros()
    return found
