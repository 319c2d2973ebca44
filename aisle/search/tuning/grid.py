"""Which fusions are tried: every technique, and weights on a grid. A weight of 0 leaves the leg out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise, permutations
from typing import Final

import numpy as np

from aisle.mappings import ARITHMETIC, L2, MIN_MAX, RRF, Z_SCORE, FusionSpec
from aisle.mappings.fusion import COMBINATIONS
from aisle.search.tuning.matrix import Block, Floats, Ints, JudgedRanks, Metric, Pool
from aisle.search.tuning.runs import Progress, silent

# Log-spaced; 60 is the constant of the paper, and beyond 120 ranks hardly differ.
RANK_CONSTANTS: Final = (1, 2, 4, 8, 15, 30, 60, 120)
# Number of legs to the steps from weight 0 to 1: about as many points whatever the number of legs.
_STEPS: Final[Mapping[int, int]] = {1: 1, 2: 20, 3: 10, 4: 6, 5: 5}


@dataclass(frozen=True, slots=True)
class Technique:
    """A fusion without its legs and weights, see `FusionSpec`."""

    normalisation: str
    combination: str = ARITHMETIC
    rank_constant: int = 60

    def spec(self, legs: tuple[str, ...], weights: tuple[float, ...]) -> FusionSpec:
        """With the legs whose weight is above 0."""
        asked = [(leg, weight) for leg, weight in zip(legs, weights, strict=True) if weight > 0]
        return FusionSpec(
            tuple(leg for leg, _ in asked),
            tuple(weight for _, weight in asked),
            self.normalisation,
            self.combination,
            self.rank_constant,
        )


def techniques() -> tuple[Technique, ...]:
    """RRF with each constant, and each normalisation with each mean that it goes with."""
    return (
        *(Technique(RRF, rank_constant=constant) for constant in RANK_CONSTANTS),
        *(Technique(norm, mean) for norm in (MIN_MAX, L2) for mean in COMBINATIONS),
        Technique(Z_SCORE),
    )


def grid(legs: tuple[str, ...]) -> tuple[FusionSpec, ...]:
    """Every fusion that is tried at first, those of fewer legs first: they win a draw."""
    # One leg alone has one order, whatever is done to its scores.
    specs = [FusionSpec((leg,), (1.0,)) for leg in legs]
    for number in range(2, len(legs) + 1):
        for some in combinations(legs, number):
            specs += [
                technique.spec(some, weights)
                for technique in techniques()
                for weights in _inside(number, _STEPS[len(legs)])
            ]
    return tuple(specs)


def _inside(legs: int, steps: int) -> Iterator[tuple[float, ...]]:
    """Points of a simplex with all weights above 0, in multiples of 1 / steps."""
    for cuts in combinations(range(1, steps), legs - 1):
        bounds = (0, *cuts, steps)
        yield tuple((high - low) / steps for low, high in pairwise(bounds))


def first_step(legs: int) -> float:
    """Distance of the weights on the grid of so many legs."""
    return 1.0 / _STEPS[legs]


def neighbours(spec: FusionSpec, step: float, factor: float) -> Iterator[FusionSpec]:
    """Fusions a little beside one: weight moved from leg to leg, and RRF's constant scaled up and down.

    Args:
        spec: the fusion.
        step: the weight that is moved; every leg keeps some.
        factor: of the constant, above 1.
    """
    for giver, taker in permutations(range(len(spec.legs)), 2):
        if spec.weights[giver] > step + 1e-9:
            weights = list(spec.weights)
            weights[giver] -= step
            weights[taker] += step
            # So that the same weights are the same fusion, by whatever way they were reached.
            yield replace(spec, weights=tuple(round(weight, 6) for weight in weights))
    if spec.normalisation == RRF and len(spec.legs) > 1:
        for constant in {round(spec.rank_constant * factor), round(spec.rank_constant / factor)}:
            near = min(max(constant, RANK_CONSTANTS[0]), RANK_CONSTANTS[-1])
            if near != spec.rank_constant:
                yield replace(spec, rank_constant=near)


# Queries fused at a time: small enough for a core's own cache, many enough for numpy.
_BLOCK = 64


class Scorer:
    """A metric of any fusion on the queries of a pool.

    Args:
        pool: the candidates.
        metric: what counts.
        relevant: lowest grade that counts as relevant.
    """

    def __init__(self, pool: Pool, metric: Metric, relevant: float = 2) -> None:
        self.pool = pool
        self.metric = metric
        self.relevant = relevant
        self._known: dict[FusionSpec, Floats] = {}

    @property
    def fusions(self) -> int:
        """How many were scored so far."""
        return len(self._known)

    def values(self, specs: Sequence[FusionSpec], progress: Progress = silent) -> Floats:
        """The metric of each fusion on each query.

        Args:
            specs: fusions of legs that the pool has.
            progress: told of the queries while new fusions are scored.

        Returns:
            float64 [len(specs), Q], in [0, 1].
        """
        new = [spec for spec in dict.fromkeys(specs) if spec not in self._known]
        if new:
            for spec, ranks in zip(new, self._ranks(new, progress), strict=True):
                self._known[spec] = self._of_ranks(ranks)
        return np.stack([self._known[spec] for spec in specs])

    def of_scores(self, fused: Floats) -> Floats:
        """The metric of any scores on each query, float64 [Q].

        Args:
            fused: [Q, U], of the pool's candidates; -inf for one that is not in the list.
        """
        ranks = np.zeros(len(self.pool.rows), dtype=np.int64)
        for start, stop, first, last in self._blocks():
            rows, columns = self.pool.rows[first:last] - start, self.pool.columns[first:last]
            ranks[first:last] = ranks_of(fused[start:stop], rows, columns)
        return self._of_ranks(ranks)

    def _of_ranks(self, ranks: Ints) -> Floats:
        pool, kept = self.pool, ranks > 0
        judged = JudgedRanks(
            pool.rows[kept], ranks[kept], pool.found_grades[kept], pool.grades, self.relevant
        )
        return self.metric.values(judged)

    def _blocks(self) -> Iterator[tuple[int, int, int, int]]:
        """First and last query of each block, and of its judged candidates; the last are not in it."""
        pool = self.pool
        for start in range(0, len(pool.queries), _BLOCK):
            stop = min(start + _BLOCK, len(pool.queries))
            first, last = np.searchsorted(pool.rows, (start, stop))
            yield start, stop, int(first), int(last)

    def _ranks(self, specs: Sequence[FusionSpec], progress: Progress) -> Ints:
        """Rank of each judged candidate under each fusion, int64 [specs, P]; 0 where no leg found it."""
        pool = self.pool
        ranks = np.zeros((len(specs), len(pool.rows)), dtype=np.int64)
        for start, stop, first, last in self._blocks():
            rows, columns = pool.rows[first:last] - start, pool.columns[first:last]
            width = max(1, int((pool.ranks[start:stop] > 0).any(axis=1).sum(axis=1).max()))
            block = Block(pool.legs, pool.scores[start:stop, :, :width], pool.ranks[start:stop, :, :width])
            for number, spec in enumerate(specs):
                ranks[number, first:last] = ranks_of(block.fused(spec), rows, columns)
            progress("scoring fusions", stop, len(pool.queries))
        return ranks


def ranks_of(fused: Floats, rows: Ints, columns: Ints) -> Ints:
    """Ranks of some candidates, counted and not sorted: few of the candidates are judged.

    Args:
        fused: [B, U], -inf for none.
        rows: [P], query of each candidate that is asked for.
        columns: [P], its place.

    Returns:
        int64 [P], from 1, equal scores in order of the column; 0 for none.
    """
    own = fused[rows, columns][:, None]
    others = fused[rows]
    ranks = np.count_nonzero(others > own, axis=1) + 1
    tied = np.count_nonzero(others == own, axis=1) > 1
    before = np.arange(fused.shape[1]) < columns[tied, None]
    ranks[tied] += np.count_nonzero((others[tied] == own[tied]) & before, axis=1)
    return np.where(np.isneginf(own[:, 0]), 0, ranks)
