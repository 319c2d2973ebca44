"""Sparse matrices of integers over pairs of items, which add up exactly."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from aisle.errors import InputError

PAIRS: Final = 20_000_000
"""Pairs of items that are made at a time: some 250 MB."""


def pairs_together(
    owners: NDArray[np.int64],
    members: NDArray[np.int64],
    weights: NDArray[np.int64],
    size: int,
) -> sparse.csr_array:
    """Of every two items the weights of the owners that have both.

    Args:
        owners: int64 [n], the owner of each member, ascending.
        members: int64 [n], positions of items, of one owner each once.
        weights: int64 [owners], what a pair of each counts.
        size: number of items.

    Returns:
        int64 [size, size], symmetric, canonical, 0 on the diagonal.
    """
    ones = np.ones(len(members), dtype=np.int64)
    # Narrow positions: the product reads and writes them as often as its values.
    offsets = np.searchsorted(owners, np.arange(len(weights) + 1)).astype(np.int32)
    taken = sparse.csr_array((ones, members.astype(np.int32), offsets), shape=(len(weights), size))
    total = sparse.csr_array((size, size), dtype=np.int64)
    # Some owners at a time: the pairs of all of them at once would not fit where owners are many.
    part = np.cumsum(np.diff(taken.indptr).astype(np.int64) ** 2) // PAIRS
    for chosen in np.split(np.arange(len(weights)), np.flatnonzero(np.diff(part)) + 1):
        some = taken[chosen]
        weighted = some.copy()
        weighted.data *= np.repeat(weights[chosen], np.diff(some.indptr))
        pairs = some.T @ weighted
        total = total + pairs if total.nnz else pairs
    both = sparse.csr_array(total)
    rows = np.repeat(np.arange(size, dtype=both.indices.dtype), np.diff(both.indptr))
    both.data[both.indices == rows] = 0
    return canonical(both)


def moving(items: tuple[str, ...], to: tuple[str, ...]) -> sparse.csr_array:
    """The matrix that moves values of items to their places in a changed catalogue.

    Returns:
        int64 [items, to], of 0 and 1; rows of items that left it are empty.

    Raises:
        InputError: an id twice.
    """
    places = {item: place for place, item in enumerate(to)}
    if len(places) != len(to):
        raise InputError("an item is in the catalogue twice", fix="give each id once")
    moved = np.fromiter((places.get(item, -1) for item in items), np.int64, count=len(items))
    kept = np.flatnonzero(moved >= 0)
    ones = np.ones(len(kept), dtype=np.int64)
    return sparse.csr_array((ones, (kept, moved[kept])), shape=(len(items), len(to)))


def canonical(matrix: sparse.csr_array) -> sparse.csr_array:
    """One form of a matrix: sorted, each place once, no zeros."""
    found = sparse.csr_array(matrix)
    found.sum_duplicates()
    found.eliminate_zeros()
    found.sort_indices()
    return found


def same(one: sparse.csr_array, other: sparse.csr_array) -> bool:
    """Whether two canonical matrices hold the same."""
    return one.shape == other.shape and all(
        np.array_equal(getattr(one, part), getattr(other, part)) for part in ("indptr", "indices", "data")
    )


def check_not_negative(*held: NDArray[np.int64]) -> None:
    """Refuse counts from which more was taken away than they held.

    Raises:
        InputError: a number is below 0.
    """
    for numbers in held:
        if len(numbers) and numbers.min() < 0:
            raise InputError("more would be taken away than was counted", fix="count everything again")
