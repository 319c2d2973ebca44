"""What each fusion scores on each query; asked again it answers from memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mappings import FusionSpec
from workflows.tuning.matrix_fusion import Block
from workflows.tuning.matrix_metrics import JudgedRanks, Metric
from workflows.tuning.pool import Floats, Ints, Pool

# Queries fused at a time: small enough for a core's own cache, many enough for numpy.
_BLOCK = 64
Progress = Callable[[int, int], None]


class Scorer:
    """A metric of any fusion on the queries of a pool.

    Args:
        pool: the candidates.
        metric: what counts.
        relevant: lowest grade that counts as relevant.
    """

    def __init__(self, pool: Pool, metric: Metric, relevant: int = 2) -> None:
        self.pool = pool
        self.metric = metric
        self.relevant = relevant
        self._known: dict[FusionSpec, Floats] = {}

    @property
    def fusions(self) -> int:
        """How many were scored so far."""
        return len(self._known)

    def values(self, specs: Sequence[FusionSpec], progress: Progress = lambda *_: None) -> Floats:
        """The metric of each fusion on each query.

        Args:
            specs: fusions of legs that the pool has.
            progress: called with (queries done, queries in all) while new fusions are scored.

        Returns:
            float64 [len(specs), Q], in [0, 1].
        """
        new = [spec for spec in dict.fromkeys(specs) if spec not in self._known]
        if new:
            ranks = self._ranks(new, progress)
            pool = self.pool
            for spec, found in zip(new, ranks, strict=True):
                kept = found > 0
                judged = JudgedRanks(
                    pool.rows[kept], found[kept], pool.found_grades[kept], pool.grades, self.relevant
                )
                self._known[spec] = self.metric.values(judged)
        return np.stack([self._known[spec] for spec in specs])

    def _ranks(self, specs: Sequence[FusionSpec], progress: Progress) -> Ints:
        """Rank of each judged candidate under each fusion, int64 [specs, P]; 0 where no leg found it."""
        pool = self.pool
        ranks = np.zeros((len(specs), len(pool.rows)), dtype=np.int64)
        for start in range(0, len(pool.queries), _BLOCK):
            stop = min(start + _BLOCK, len(pool.queries))
            first, last = np.searchsorted(pool.rows, (start, stop))
            rows, columns = pool.rows[first:last] - start, pool.columns[first:last]
            width = max(1, int((pool.ranks[start:stop] > 0).any(axis=1).sum(axis=1).max()))
            block = Block(pool.legs, pool.scores[start:stop, :, :width], pool.ranks[start:stop, :, :width])
            for number, spec in enumerate(specs):
                ranks[number, first:last] = ranks_of(block.fused(spec), rows, columns)
            progress(stop, len(pool.queries))
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
