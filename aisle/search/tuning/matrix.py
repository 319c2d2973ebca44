"""``aisle.search.fusion.fuse`` for many queries at once; a test holds it to that reference."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.errors import EvaluationError
from aisle.evaluation import Qrels, answerable
from aisle.mappings import ARITHMETIC, GEOMETRIC, HARMONIC, L2, MIN_MAX, RRF, Z_SCORE, FusionSpec
from aisle.search.tuning.runs import LegRuns

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pool:
    """Q queries, L legs, and up to U different candidates of a query, in order of their ids.

    Attributes:
        legs: names.
        queries: ids of the queries that have a relevant item.
        scores: float64 [Q, L, U], raw; NaN where the leg did not find the candidate, and as padding.
        ranks: int32 [Q, L, U], from 1; 0 where the leg did not find the candidate, and as padding.
        grades: float64 [Q, J], all grades of each query's judged items, falling; 0 as padding.
        rows, columns: int64 [P], every judged candidate of a grade above 0: its query and its place among
            that query's candidates; in order of ``rows``.
        found_grades: float64 [P], their grades.
    """

    legs: tuple[str, ...]
    queries: tuple[str, ...]
    scores: Floats
    ranks: NDArray[np.int32]
    grades: Floats
    rows: Ints
    columns: Ints
    found_grades: Floats


def pool_of(runs: LegRuns, qrels: Qrels, relevant: float = 2) -> Pool:
    """Lay the runs out.

    Args:
        runs: of the legs.
        qrels: judgments.
        relevant: lowest grade that counts as relevant; queries without such an item are left out.

    Raises:
        EvaluationError: no query has such an item.
    """
    judged = answerable(qrels, relevant)
    if not judged:
        raise EvaluationError(
            f"no query has an item of grade {relevant:g} or more",
            fix="lower --relevant or check the judgments",
        )
    queries = tuple(judged)
    found = [[run.rankings.get(query, {}) for run in runs.runs.values()] for query in queries]
    items = [candidates_of(runs, query) for query in queries]
    shape = (len(queries), len(runs.runs), max(1, *map(len, items)))
    scores, ranks = np.full(shape, np.nan), np.zeros(shape, dtype=np.int32)
    places: list[tuple[int, int]] = []
    found_grades: list[float] = []
    for row, (query, legs, ids) in enumerate(zip(queries, found, items, strict=True)):
        column = {item: place for place, item in enumerate(ids)}
        _fill(scores[row], ranks[row], legs, column)
        graded = {item: grade for item, grade in judged[query].items() if grade and item in column}
        places += [(row, column[item]) for item in graded]
        found_grades += graded.values()
    rows, columns = np.array(places, dtype=np.int64).reshape(-1, 2).T.copy()
    return Pool(
        runs.legs,
        queries,
        scores,
        ranks,
        _padded([judged[query] for query in queries]),
        rows,
        columns,
        np.array(found_grades, dtype=np.float64),
    )


def candidates_of(runs: LegRuns, query: str) -> list[str]:
    """What any leg found, in order of id: that is how equal scores are ordered, see ``fusion.fuse``."""
    return sorted({item for run in runs.runs.values() for item in run.rankings.get(query, {})})


def _fill(
    scores: Floats, ranks: NDArray[np.int32], legs: list[Mapping[str, float]], column: Mapping[str, int]
) -> None:
    for leg, found in enumerate(legs):
        where = [column[item] for item in found]
        scores[leg, where] = list(found.values())
        ranks[leg, where] = np.arange(1, len(where) + 1)


def _padded(judged: list[Mapping[str, float]]) -> Floats:
    grades = np.zeros((len(judged), max(map(len, judged))))
    for row, items in enumerate(judged):
        grades[row, : len(items)] = sorted(items.values(), reverse=True)
    return grades


_FLOOR: Final = 0.001
Key = tuple[str, int, int]


class Block:
    """A few queries of a `Pool`; what several fusions need of them is computed once.

    Args:
        legs: names, of the L axis.
        scores, ranks: [B, L, U], see `Pool`.
    """

    def __init__(self, legs: tuple[str, ...], scores: Floats, ranks: NDArray[np.int32]) -> None:
        self._legs = {leg: place for place, leg in enumerate(legs)}
        self._scores = scores
        self._ranks = ranks
        self._normalised: dict[Key, Floats] = {}
        self._parts: dict[tuple[str, Key], Floats] = {}
        self._lost: dict[tuple[int, ...], NDArray[np.bool_]] = {}

    def fused(self, spec: FusionSpec) -> Floats:
        """Fused scores, float64 [B, U]; -inf where no leg of the spec found the candidate.

        Raises:
            KeyError: a leg of the spec that the block does not have.
        """
        places = tuple(self._legs[leg] for leg in spec.legs)
        constant = spec.rank_constant if spec.normalisation == RRF else 0
        keys = [(spec.normalisation, constant, place) for place in places]
        combine = _weighted_sum if spec.normalisation == RRF else _COMBINE[spec.combination]
        if places not in self._lost:
            self._lost[places] = (self._ranks[:, places] == 0).all(axis=1)
        scores = combine(self, keys, spec.weights)
        scores[self._lost[places]] = -np.inf
        return scores

    def normalised(self, key: Key) -> Floats:
        """A leg's normalised scores [B, U]; 0 where it did not find the candidate."""
        if key not in self._normalised:
            normalisation, constant, place = key
            scores, ranks = self._scores[:, place], self._ranks[:, place]
            if normalisation == RRF:
                found = np.divide(1.0, constant + ranks, where=ranks > 0, out=np.zeros(ranks.shape))
            else:
                found = np.where(ranks > 0, _NORMALISE[normalisation](scores, ranks > 0), 0.0)
            self._normalised[key] = found
        return self._normalised[key]

    def part(self, name: str, key: Key) -> Floats:
        """``positive`` (1 where the normalised score is above 0), ``log`` or ``inverse`` of it there."""
        if (name, key) not in self._parts:
            values = self.normalised(key)
            self._parts[name, key] = _PARTS[name](values, values > 0)
        return self._parts[name, key]


_PARTS: Mapping[str, Callable[[Floats, NDArray[np.bool_]], Floats]] = {
    "positive": lambda _, above: above.astype(np.float64),
    "log": lambda values, above: np.log(values, where=above, out=np.zeros(values.shape)),
    "inverse": lambda values, above: np.divide(1.0, values, where=above, out=np.zeros(values.shape)),
}


def _min_max(scores: Floats, found: NDArray[np.bool_]) -> Floats:
    low = np.min(scores, axis=1, where=found, initial=np.inf, keepdims=True)
    high = np.max(scores, axis=1, where=found, initial=-np.inf, keepdims=True)
    spread = high > low
    scaled: Floats = np.divide(scores - low, high - low, where=spread & found, out=np.ones(scores.shape))
    return np.where(scaled == 0, _FLOOR, scaled)


def _l2(scores: Floats, found: NDArray[np.bool_]) -> Floats:
    known = np.where(found, scores, 0.0)
    norm = np.sqrt(np.sum(known * known, axis=1, keepdims=True))
    scaled: Floats = np.divide(known, norm, where=norm > 0, out=np.zeros(scores.shape))
    return scaled


def _z_score(scores: Floats, found: NDArray[np.bool_]) -> Floats:
    number = found.sum(axis=1, keepdims=True)
    low = np.min(scores, axis=1, where=found, initial=np.inf, keepdims=True)
    high = np.max(scores, axis=1, where=found, initial=-np.inf, keepdims=True)
    # Asked of the scores themselves: rounding can give equal scores a deviation above 0.
    spread = (high > low) & (number > 1)
    known = np.where(found, scores, 0.0)
    mean = known.sum(axis=1, keepdims=True) / np.maximum(number, 1)
    away = np.where(found, scores - mean, 0.0)
    deviation = np.sqrt((away * away).sum(axis=1, keepdims=True) / np.maximum(number - 1, 1))
    z = np.divide(away, deviation, where=spread, out=np.zeros(scores.shape))
    return np.where(spread, np.maximum(z, _FLOOR), scores)


_NORMALISE: Mapping[str, Callable[[Floats, NDArray[np.bool_]], Floats]] = {
    MIN_MAX: _min_max,
    L2: _l2,
    Z_SCORE: _z_score,
}


def _weighted_sum(block: Block, keys: list[Key], weights: tuple[float, ...]) -> Floats:
    # In the order of the legs, as the reference adds: equal sums stay equal to the last bit.
    total: Floats = np.zeros(())
    for key, weight in zip(keys, weights, strict=True):
        total = total + weight * block.normalised(key)
    return total


def _arithmetic(block: Block, keys: list[Key], weights: tuple[float, ...]) -> Floats:
    total: Floats = np.zeros(())
    whole = sum(weights)
    for key, weight in zip(keys, weights, strict=True):
        total = total + weight * block.normalised(key) / whole
    return total


def _geometric(block: Block, keys: list[Key], weights: tuple[float, ...]) -> Floats:
    logs: Floats = np.zeros(())
    present: Floats = np.zeros(())
    for key, weight in zip(keys, weights, strict=True):
        logs = logs + weight * block.part("log", key)
        present = present + weight * block.part("positive", key)
    mean = np.exp(np.divide(logs, present, where=present > 0, out=np.zeros(present.shape)))
    return np.where(present > 0, mean, 0.0)


def _harmonic(block: Block, keys: list[Key], weights: tuple[float, ...]) -> Floats:
    inverse: Floats = np.zeros(())
    present: Floats = np.zeros(())
    for key, weight in zip(keys, weights, strict=True):
        inverse = inverse + weight * block.part("inverse", key)
        present = present + weight * block.part("positive", key)
    return np.divide(present, inverse, where=inverse > 0, out=np.zeros(inverse.shape))


_COMBINE: Mapping[str, Callable[[Block, list[Key], tuple[float, ...]], Floats]] = {
    ARITHMETIC: _arithmetic,
    GEOMETRIC: _geometric,
    HARMONIC: _harmonic,
}


@dataclass(frozen=True, slots=True)
class JudgedRanks:
    """Where one fusion put the judged items.

    Attributes:
        rows, ranks: int64 [P], query and rank from 1 of each judged item that was found; in order of
            ``rows``, only grades above 0.
        grades: float64 [P], their grades.
        all_grades: float64 [Q, J], see ``Pool.grades``.
        relevant: lowest grade that counts as relevant.
    """

    rows: Ints
    ranks: Ints
    grades: Floats
    all_grades: Floats
    relevant: float

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
        family: such as ``nDCG``.
        depth: how many results count.
    """

    family: str
    depth: int

    @property
    def name(self) -> str:
        """Such as ``nDCG@10``."""
        return f"{self.family}@{self.depth}"

    def values(self, ranks: JudgedRanks) -> Floats:
        """One value per query [Q]."""
        return _FAMILIES[self.family](ranks, self.depth)


def metric_of(name: str) -> Metric:
    """The metric of a name such as ``nDCG@10``, ``R@200``, ``RR@10``, ``P@5`` or ``AP@100``.

    Raises:
        EvaluationError: no such metric, or one that says nothing of the order.
    """
    match = _NAME.fullmatch(name)
    if match is None or match[1] not in _FAMILIES:
        known = ", ".join(f"{family}@k" for family in _FAMILIES)
        raise EvaluationError(f"a fusion cannot be tuned for '{name}'", fix=f"choose from {known}")
    return Metric(match[1], int(match[2]))


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
