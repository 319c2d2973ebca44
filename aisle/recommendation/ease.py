"""EASE: item-to-item weights as one ridge regression of all items on all others."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import lapack

from aisle.errors import InputError

MAX_ITEMS: Final = 20_000
"""A square of so many float32 is 1.6 GB; inverting it takes minutes of a core."""


def ease(together: sparse.csr_array, takers: NDArray[np.int64], regularisation: float) -> NDArray[np.float32]:
    """Weights in closed form (Steck 2019, "Embarrassingly Shallow Autoencoders", eq. 8).

    Args:
        together: of every two items how many took both; beside ``takers`` the Gram matrix.
        takers: int64 [items], how many took each: its diagonal.
        regularisation: added to the diagonal, above 0; the more, the less rare items say.

    Returns:
        float32 [items, items], 0 on the diagonal.

    Raises:
        InputError: too many items, or a regularisation so small that nothing can be solved.
    """
    size = len(takers)
    if size > MAX_ITEMS:
        raise InputError(
            f"EASE solves for {size:,} items at once, which takes too much memory over {MAX_ITEMS:,}",
            fix="leave it out: item kNN needs no such square",
        )
    gram = np.zeros((size, size), dtype=np.float32, order="F")
    both = together.tocoo()
    gram[both.row, both.col] = both.data
    np.fill_diagonal(gram, takers + regularisation)
    triangle, failed = lapack.spotrf(gram, lower=1, clean=0, overwrite_a=1)
    if not failed:
        triangle, failed = lapack.spotri(triangle, lower=1, overwrite_c=1)
    if failed:
        raise InputError(f"EASE cannot be solved with {regularisation:g} added", fix="add more")
    lower = np.tril(triangle, -1)
    weights = -(lower + lower.T) / np.diagonal(triangle)
    np.fill_diagonal(weights, 0.0)
    return np.ascontiguousarray(weights, dtype=np.float32)
