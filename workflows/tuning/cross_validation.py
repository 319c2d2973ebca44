"""Folds of queries, and what choosing the best setting scores on queries that it was not chosen on. Pure."""

from __future__ import annotations

import numpy as np

from records import InputError
from workflows.tuning.pool import Floats, Ints


def folds_of(queries: int, folds: int, seed: int) -> list[Ints]:
    """Split 0 .. queries - 1 at random into parts of like size, each in rising order.

    Raises:
        InputError: fewer than two folds, or than two queries per fold.
    """
    if folds < 2 or queries < 2 * folds:
        raise InputError(
            f"{queries} judged queries cannot be split into {folds} folds",
            fix="use 2 folds or more, and judge at least two queries per fold",
        )
    shuffled = np.random.default_rng(seed).permutation(queries)
    return [np.sort(part) for part in np.array_split(shuffled, folds)]


def rest_of(queries: int, held_out: Ints) -> Ints:
    """The queries that are not held out, in rising order."""
    return np.setdiff1d(np.arange(queries), held_out)


def cross_validated(values: Floats, folds: list[Ints]) -> Floats:
    """For each fold: the setting that is best on all others, and what it scores on this one.

    Args:
        values: [settings, queries]; of equally good settings the first is taken.
        folds: of the queries.

    Returns:
        float64 [queries].
    """
    totals = values.sum(axis=1)
    held_out = np.empty(values.shape[1])
    for fold in folds:
        best = int(np.argmax(totals - values[:, fold].sum(axis=1)))
        held_out[fold] = values[best, fold]
    return held_out
