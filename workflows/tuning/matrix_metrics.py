"""Metrics from the ranks of the judged candidates; a test holds them to ``evaluation.evaluate``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from records import EvaluationError
from workflows.tuning.pool import Floats, Ints


@dataclass(frozen=True, slots=True)
class JudgedRanks:
    """Where one fusion put the judged items.

    Attributes:
        rows, ranks, grades: int64 [P], query, rank from 1 and grade of each judged item that was found; in
            order of ``rows``, only grades above 0.
        all_grades: int64 [Q, J], see ``Pool.grades``.
        relevant: lowest grade that counts as relevant.
    """

    rows: Ints
    ranks: Ints
    grades: Ints
    all_grades: Ints
    relevant: int

    def summed(self, values: Floats) -> Floats:
        """Sum [Q] of one value per judged item, by query."""
        return np.bincount(self.rows, values, minlength=len(self.all_grades)).astype(np.float64)

    def hits(self, k: int) -> Floats:
        """1.0 [P] where the item is relevant and among the first ``k``."""
        return ((self.grades >= self.relevant) & (self.ranks <= k)).astype(np.float64)

    def relevant_items(self) -> Floats:
        """How many relevant items each query has [Q], found or not."""
        return np.asarray(np.count_nonzero(self.all_grades >= self.relevant, axis=1), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric at a depth.

    Attributes:
        name: such as ``nDCG@10``.
        depth: how many results count.
        values: judged ranks to one value per query [Q].
    """

    name: str
    depth: int
    values: Callable[[JudgedRanks], Floats]


def metric_of(name: str) -> Metric:
    """The metric of a name such as ``nDCG@10``, ``R@200``, ``RR@10``, ``P@5`` or ``AP@100``.

    Raises:
        EvaluationError: no such metric, or one that says nothing of the order.
    """
    match = _NAME.fullmatch(name)
    if match is None or match[1] not in _FAMILIES:
        known = ", ".join(f"{family}@k" for family in _FAMILIES)
        raise EvaluationError(f"a fusion cannot be tuned for '{name}'", fix=f"choose from {known}")
    depth = int(match[2])
    return Metric(name, depth, lambda ranks: _FAMILIES[match[1]](ranks, depth))


def _ndcg(ranks: JudgedRanks, k: int) -> Floats:
    gains = np.exp2(ranks.grades) - 1.0
    discounted = np.where(ranks.ranks <= k, gains / np.log2(ranks.ranks + 1.0), 0.0)
    best = np.exp2(ranks.all_grades[:, :k]) - 1.0
    ideal: Floats = (best / np.log2(np.arange(best.shape[1]) + 2.0)).sum(axis=1)
    return ranks.summed(discounted) / ideal


def _recall(ranks: JudgedRanks, k: int) -> Floats:
    return ranks.summed(ranks.hits(k)) / ranks.relevant_items()


def _precision(ranks: JudgedRanks, k: int) -> Floats:
    return ranks.summed(ranks.hits(k)) / k


def _reciprocal_rank(ranks: JudgedRanks, k: int) -> Floats:
    best = np.zeros(len(ranks.all_grades))
    np.maximum.at(best, ranks.rows, ranks.hits(k) / ranks.ranks)
    return best


def _average_precision(ranks: JudgedRanks, k: int) -> Floats:
    hits = ranks.hits(k)
    order = np.lexsort((ranks.ranks, ranks.rows))
    order = order[hits[order] > 0]
    rows = ranks.rows[order]
    # The n-th hit of a query at rank r has precision n / r.
    nth = np.arange(len(rows)) - np.searchsorted(rows, rows) + 1
    precision = np.zeros(len(hits))
    precision[order] = nth / ranks.ranks[order]
    return ranks.summed(precision) / ranks.relevant_items()


_FAMILIES: Final[Mapping[str, Callable[[JudgedRanks, int], Floats]]] = {
    "nDCG": _ndcg,
    "R": _recall,
    "P": _precision,
    "RR": _reciprocal_rank,
    "AP": _average_precision,
}
_NAME: Final = re.compile(r"([A-Za-z]+)@([1-9][0-9]{0,4})")
