"""Ranks of targets among all items, and the figures that follow from them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from aisle.errors import EvaluationError
from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase, Seen, Split
from aisle.sequences import Sequences

DEFAULT_METRICS: Final = ("R@5", "N@5", "R@10", "N@10", "R@50", "R@200", "R@2000")

_CELLS: Final = 8_000_000
"""Scores that are held at a time: 32 MB."""


class Scorer(Protocol):
    """Scores all items for histories, as the channels of ``aisle.recommendation`` do."""

    @property
    def name(self) -> str:
        """For tables."""

    def scores(self, histories: Sequences) -> NDArray[np.float32]:
        """float32 [users, items], the higher the better."""


@dataclass(frozen=True, slots=True, eq=False)
class RankedTargets:
    """Where a system ranked the target of every user who was asked.

    Attributes:
        system: its name.
        dataset: name of the sequences.
        protocol, phase: by which it was measured.
        ranks: int64 [users], from 1; one past the number of items for a target that cannot come up.
        cold_ranks: int64 [users whose target was held out], ranks among the held-out items alone; None
            where none were.
        cold: bool [users], whose target was held out; None where none were.
    """

    system: str
    dataset: str
    protocol: EvaluationProtocol
    phase: Phase
    ranks: NDArray[np.int64]
    cold_ranks: NDArray[np.int64] | None = None
    cold: NDArray[np.bool_] | None = None

    def means(self, metrics: tuple[str, ...] = DEFAULT_METRICS) -> Mapping[str, float]:
        """Metric to its mean over the users, see `mean_of`."""
        return {metric: mean_of(self.ranks, metric) for metric in metrics}

    def values(self, metric: str) -> NDArray[np.float64]:
        """float64 [users], one value each."""
        return values_of(self.ranks, metric)


def mean_of(ranks: NDArray[np.int64], metric: str) -> float:
    """Mean of a metric over users, see `values_of`."""
    return float(values_of(ranks, metric).mean()) if len(ranks) else math.nan


def values_of(ranks: NDArray[np.int64], metric: str) -> NDArray[np.float64]:
    """A metric of each user, whose one target has the rank: ``R@k``, recall, or ``N@k``, nDCG.

    With one relevant item recall is 1 for a rank up to k, and nDCG 1 / log2(1 + rank) (Järvelin and
    Kekäläinen 2002), else both are 0.

    Args:
        ranks: int64 [users], from 1.
        metric: such as ``R@10``.

    Returns:
        float64 [users].

    Raises:
        EvaluationError: no such metric.
    """
    family, at, depth = metric.partition("@")
    if family not in ("R", "N") or not at or not depth.isdecimal() or not int(depth):
        raise EvaluationError(f"unknown metric '{metric}'", fix="use R@k or N@k, such as R@10")
    found = ranks <= int(depth)
    if family == "R":
        return found.astype(np.float64)
    return np.where(found, 1 / np.log2(1.0 + ranks), 0.0)


def rank_targets(scorer: Scorer, data: Split, dataset: str) -> RankedTargets:
    """Score every history and rank its target among all items.

    Args:
        scorer: learned from ``data.train`` and nothing else.
        data: what is asked.
        dataset: its name, for tables.

    Raises:
        EvaluationError: the scorer's answer has another shape, or holds no numbers.
    """
    ranks, cold_ranks = [], []
    cold = None if data.cold is None else data.cold[data.targets]
    for begin, histories in _batches(data.histories):
        targets = data.targets[begin : begin + len(histories)]
        scores = _checked(scorer, histories)
        if data.protocol.seen is Seen.EXCLUDED:
            scores[histories.owners, histories.steps] = -np.inf
        ranks.append(_ranks(scores, targets))
        if data.cold is not None:
            held_out = data.cold[targets]
            scores[:, ~data.cold] = -np.inf
            cold_ranks.append(_ranks(scores[held_out], targets[held_out]))
    return RankedTargets(
        scorer.name,
        dataset,
        data.protocol,
        data.phase,
        np.concatenate(ranks),
        np.concatenate(cold_ranks) if cold_ranks else None,
        cold,
    )


def _batches(histories: Sequences) -> Iterator[tuple[int, Sequences]]:
    size = max(1, _CELLS // max(1, len(histories.items)))
    for begin in range(0, len(histories), size):
        yield begin, histories.of_users(np.arange(begin, min(begin + size, len(histories))))


def _checked(scorer: Scorer, histories: Sequences) -> NDArray[np.float32]:
    """Scores that may be written into."""
    scores = np.array(scorer.scores(histories), dtype=np.float32)
    shape = (len(histories), len(histories.items))
    if scores.shape != shape or np.isnan(scores).any():
        raise EvaluationError(
            f"{scorer.name} gave no score to every item", fix=f"return {shape[0]} x {shape[1]} numbers"
        )
    return scores


def _ranks(scores: NDArray[np.float32], targets: NDArray[np.int32]) -> NDArray[np.int64]:
    own = scores[np.arange(len(targets)), targets]
    # Whatever scores as high as the target, itself among it, stands at or above its rank.
    ranks = np.asarray(np.count_nonzero(scores >= own[:, None], axis=1), dtype=np.int64)
    ranks[own == -np.inf] = scores.shape[1] + 1
    return ranks
