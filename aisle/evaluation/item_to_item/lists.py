"""What lists are worth that name, for a trigger, other items: whether they are bought with it, and alike."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from aisle.errors import EvaluationError
from aisle.evaluation.item_to_item.protocol import BasketSplit
from aisle.sequences import gathered

DEPTHS: Final = (10, 50, 500)
"""Of recall; lists are that long at most."""
NDCG_DEPTH: Final = 10
LIST_DEPTH: Final = 50
"""Of the figures that look at the lists alone: what people may see."""

_CELLS: Final = 8_000_000
"""Scores that are held at a time: 32 MB."""


class Lister(Protocol):
    """Whatever names items for a trigger, best first."""

    @property
    def name(self) -> str:
        """For tables."""

    def lists(self, triggers: NDArray[np.int32], size: int) -> NDArray[np.int32]:
        """int32 [triggers, size], positions of items but for the trigger; -1 where there are no more."""


class TriggerScorer(Protocol):
    """Scores all items for triggers."""

    @property
    def name(self) -> str:
        """For tables."""

    def scores(self, triggers: NDArray[np.int32]) -> NDArray[np.float32]:
        """float32 [triggers, items], the higher the better; -inf for what must not come up."""


@dataclass(frozen=True, slots=True)
class BestOf:
    """The items of the highest scores; of equal scores the one that stands first in the catalogue.

    Attributes:
        scorer: that scores them.
    """

    scorer: TriggerScorer

    @property
    def name(self) -> str:
        """See `Lister`."""
        return self.scorer.name

    def lists(self, triggers: NDArray[np.int32], size: int) -> NDArray[np.int32]:
        """See `Lister`.

        Raises:
            EvaluationError: the scorer's answer has another shape, or holds no numbers.
        """
        scores = np.array(self.scorer.scores(triggers), dtype=np.float32)
        if scores.ndim != 2 or len(scores) != len(triggers) or np.isnan(scores).any():
            raise EvaluationError(
                f"{self.name} gave no score to every item", fix="return a number for each trigger and item"
            )
        scores[np.arange(len(triggers)), triggers] = -np.inf
        found = np.full((len(triggers), size), -1, dtype=np.int32)
        for row, own in enumerate(scores):
            best = best_places(own, size)
            found[row, : len(best)] = best
        return found


def best_places(scores: NDArray[np.float32], size: int) -> NDArray[np.int32]:
    """Positions of the highest scores, best first, of equal ones the first; none of -inf.

    Args:
        scores: float32 [items].
        size: how many at most.
    """
    there = np.flatnonzero(scores > -np.inf)
    if size < len(there):
        least = np.partition(scores[there], len(there) - size)[len(there) - size]
        there = there[scores[there] >= least]
    return there[np.argsort(-scores[there], kind="stable")[:size]].astype(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class ItemFacts:
    """What is known of items to judge lists by; never what the systems learned from.

    Attributes:
        relevance: float32 [items, dims], unit vectors of texts by an encoder that no system uses; zeros
            without a text. None leaves those figures out.
        kinds: int32 [items], what sort of thing each is, such as its category; -1 if not known.
    """

    relevance: NDArray[np.float32] | None = None
    kinds: NDArray[np.int32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ListFigures:
    """How a system did.

    Attributes:
        system: its name.
        metrics: metric to its mean over baskets: ``R@k`` and ``N@10``; ``relevance@10``, ``relevance@50``
            (mean cosine of the trigger with what is listed); ``same kind@50``; ``log popularity@50`` (mean
            ln(1 + baskets)); ``novelty@50`` (mean -log2 of the share of baskets); ``coverage@50`` (share of
            the items that some list has); ``R@50 new trigger``, ``R@50 new target`` where there are any.
        recalls: metric to float64 [baskets], recall of each, for paired tests.
        requests: metric to float64 [n], of each member of the baskets that were asked, as the trigger.
    """

    system: str
    metrics: Mapping[str, float]
    recalls: Mapping[str, NDArray[np.float64]]
    requests: Mapping[str, NDArray[np.float64]]


def evaluate_lists(system: Lister, data: BasketSplit, facts: ItemFacts | None = None) -> ListFigures:
    """Ask a system for a list for every trigger, and hold it to the rest of the basket.

    Recall at k is the share of a basket's other items among the first k of the list; N@10 is nDCG with gains
    of 0 and 1 (Järvelin and Kekäläinen 2002).

    Args:
        system: learned from ``data.train`` and nothing else.
        data: what is asked.
        facts: of the items.
    """
    asked, size = data.asked, len(data.asked.items)
    depth = min(max(DEPTHS), size)
    found = _Requests(len(asked.members))
    looks = _Looks(data, facts or ItemFacts(), size)
    weights = np.repeat(1.0 / (asked.lengths * len(asked)), asked.lengths)
    by_trigger = np.argsort(asked.members, kind="stable")
    triggers, begins = np.unique(asked.members[by_trigger], return_index=True)
    requests = np.split(by_trigger, begins[1:])
    owners = asked.owners
    not_listed = max(DEPTHS)
    rank = np.full(size, not_listed, dtype=np.int64)
    for part in _parts(len(triggers), size):
        for row, place in zip(system.lists(triggers[part], depth), part, strict=True):
            listed, own = row[row >= 0], requests[place]
            rank[listed] = np.arange(len(listed))
            offsets, targets = gathered(asked.offsets, owners[own])
            found.add(own, rank, asked.members[targets], offsets, int(triggers[place]), data.new)
            looks.add(int(triggers[place]), listed, float(weights[own].sum()))
            rank[listed] = not_listed
    recalls = {
        name: np.bincount(owners, weights=values, minlength=len(asked)) / asked.lengths
        for name, values in found.values.items()
    }
    metrics = {name: float(values.mean()) for name, values in recalls.items()}
    of_new = found.of_new(asked.members, data.new)
    return ListFigures(system.name, {**metrics, **looks.means(), **of_new}, recalls, found.values)


def _parts(triggers: int, items: int) -> Iterator[range]:
    step = max(1, _CELLS // max(1, items))
    for begin in range(0, triggers, step):
        yield range(begin, min(begin + step, triggers))


class _Requests:
    """Figures of every trigger in every basket."""

    def __init__(self, count: int) -> None:
        names = (*(f"R@{depth}" for depth in DEPTHS), f"N@{NDCG_DEPTH}")
        self.values: dict[str, NDArray[np.float64]] = {name: np.zeros(count) for name in names}
        self._of_new = 0.0
        self._new = 0

    def add(
        self,
        requests: NDArray[np.intp],
        rank: NDArray[np.int64],
        members: NDArray[np.int32],
        offsets: NDArray[np.int64],
        trigger: int,
        new: NDArray[np.bool_],
    ) -> None:
        """The requests of one trigger.

        Args:
            requests: their positions.
            rank: int64 [items], from 0; `DEPTHS`' largest for what is not listed.
            members: of their baskets, one after the other, the trigger among them.
            offsets: int64 [requests + 1], where each basket begins.
            trigger: the item.
            new: bool [items].
        """
        ranks = np.where(members == trigger, np.iinfo(np.int64).max, rank[members])
        targets = np.diff(offsets) - 1
        begins = offsets[:-1]
        for depth in DEPTHS:
            hits = np.add.reduceat((ranks < depth).astype(np.float64), begins)
            self.values[f"R@{depth}"][requests] = hits / targets
        gains = np.where(ranks < NDCG_DEPTH, 1 / np.log2(2.0 + np.minimum(ranks, NDCG_DEPTH)), 0.0)
        ideal = np.cumsum(1 / np.log2(2.0 + np.arange(NDCG_DEPTH)))
        best = ideal[np.minimum(targets, NDCG_DEPTH) - 1]
        self.values[f"N@{NDCG_DEPTH}"][requests] = np.add.reduceat(gains, begins) / best
        fresh = new[members] & (members != trigger)
        self._of_new += float(np.count_nonzero(ranks[fresh] < LIST_DEPTH))
        self._new += int(np.count_nonzero(fresh))

    def of_new(self, triggers: NDArray[np.int32], new: NDArray[np.bool_]) -> dict[str, float]:
        """Recall where the trigger is new, and of targets that are."""
        asked = new[triggers]
        found = {}
        if asked.any():
            found[f"R@{LIST_DEPTH} new trigger"] = float(self.values[f"R@{LIST_DEPTH}"][asked].mean())
        if self._new:
            found[f"R@{LIST_DEPTH} new target"] = self._of_new / self._new
        return found


class _Looks:
    """Figures of lists alone, weighted by how often their trigger is asked."""

    def __init__(self, data: BasketSplit, facts: ItemFacts, size: int) -> None:
        self._facts = facts
        self._log_popularity = np.log1p(data.taken)
        # Of a new item as of one that a single basket more would hold.
        self._novelty = -np.log2(np.maximum(data.taken, 1) / (len(data.train) + 1))
        self._listed = np.zeros(size, dtype=np.bool_)
        self._sums: dict[str, float] = {}
        self._weights: dict[str, float] = {}

    def add(self, trigger: int, listed: NDArray[np.int32], weight: float) -> None:
        """One list, which counts so much."""
        seen = listed[:LIST_DEPTH]
        self._listed[seen] = True
        if not len(seen):
            return
        self._count(f"log popularity@{LIST_DEPTH}", self._log_popularity[seen], weight)
        self._count(f"novelty@{LIST_DEPTH}", self._novelty[seen], weight)
        vectors, kinds = self._facts.relevance, self._facts.kinds
        if vectors is not None and vectors[trigger].any():
            cosines = vectors[seen] @ vectors[trigger]
            self._count(f"relevance@{NDCG_DEPTH}", cosines[:NDCG_DEPTH], weight)
            self._count(f"relevance@{LIST_DEPTH}", cosines, weight)
        if kinds is not None and kinds[trigger] >= 0:
            self._count(f"same kind@{LIST_DEPTH}", kinds[seen] == kinds[trigger], weight)

    def _count(self, metric: str, values: NDArray[np.generic], weight: float) -> None:
        self._sums[metric] = self._sums.get(metric, 0.0) + weight * float(np.mean(values.astype(np.float64)))
        self._weights[metric] = self._weights.get(metric, 0.0) + weight

    def means(self) -> dict[str, float]:
        """Metric to its mean."""
        found = {metric: total / self._weights[metric] for metric, total in self._sums.items()}
        shown = float(self._listed.mean()) if len(self._listed) else math.nan
        return {**found, f"coverage@{LIST_DEPTH}": shown}
