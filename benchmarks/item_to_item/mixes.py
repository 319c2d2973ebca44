"""More relevance at almost the same recall: other ways to merge two heads, and the most there can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle.evaluation.item_to_item.lists import BestOf, Lister, TriggerScorer, best_places, evaluate_lists
from aisle.evaluation.item_to_item.protocol import BasketSplit
from aisle.evaluation.sequences.protocol import Phase
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.recommendation.item_to_item.scorers import (
    EngagementScorer,
    QuotaLister,
    RelevanceScorer,
    VectorScorer,
)
from aisle.training.item_to_item.settings import ItemToItemSettings
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.item_to_item.data import BasketData, online_retail
from benchmarks.item_to_item.heads import KEPT, KNOWN, SEEDS, chosen, row_of, split_of, trained
from benchmarks.item_to_item.pareto import RECALL, RELEVANCE

DEPTH: Final = 50
LIKELY: Final = 10.0
"""Added to a rank, so that the first ranks are not worth many times the next."""
NEAREST: Final = 200

Maker = Callable[[TwoHeads, BasketData, float], Lister]


@dataclass(frozen=True, slots=True)
class RankAndCosine:
    """1 / (10 + rank by engagement), about how likely a purchase is there, and so much of a cosine.

    Attributes:
        name: for tables.
        engagement: that ranks.
        alike: cosines.
        weight: of them.
    """

    name: str
    engagement: TriggerScorer
    alike: TriggerScorer
    weight: float

    def scores(self, triggers: NDArray[np.int32]) -> NDArray[np.float32]:
        """float32 [triggers, items]."""
        bought = np.array(self.engagement.scores(triggers))
        bought[np.arange(len(triggers)), triggers] = -np.inf
        ranks = np.argsort(np.argsort(-bought, axis=1, kind="stable"), axis=1)
        likely = (1 / (LIKELY + ranks)).astype(np.float32)
        return likely + np.float32(self.weight) * self.alike.scores(triggers)


@dataclass(frozen=True, slots=True)
class NearestByEngagement:
    """The 200 items that are most alike, ordered by engagement.

    Attributes:
        name: for tables.
        engagement: that orders.
        alike: that chooses.
    """

    name: str
    engagement: TriggerScorer
    alike: Lister

    def lists(self, triggers: NDArray[np.int32], size: int) -> NDArray[np.int32]:
        """int32 [triggers, size]; -1 where there are no more."""
        near = self.alike.lists(triggers, NEAREST)
        bought = self.engagement.scores(triggers)
        found = np.full((len(triggers), size), -1, dtype=np.int32)
        for row, (places, scores) in enumerate(zip(near, bought, strict=True)):
            there = places[places >= 0]
            ordered = there[best_places(scores[there], size)]
            found[row, : len(ordered)] = ordered
        return found


def _bought(model: TwoHeads) -> EngagementScorer:
    return EngagementScorer("engagement head", model)


def _text(data: BasketData) -> VectorScorer:
    return VectorScorer("text", data.texts.vectors, data.texts.vectors)


def _judge(data: BasketData) -> VectorScorer:
    judged = data.facts.relevance
    vectors = np.zeros((len(data.titles), 1), dtype=np.float32) if judged is None else judged
    return VectorScorer("judge", vectors, vectors)


def _quota(model: TwoHeads, _: BasketData, alpha: float) -> Lister:
    return QuotaLister("", BestOf(_bought(model)), BestOf(RelevanceScorer("", model)), alpha)


def _quota_of_text(model: TwoHeads, data: BasketData, alpha: float) -> Lister:
    return QuotaLister("", BestOf(_bought(model)), BestOf(_text(data)), alpha)


def _quota_of_nearest(model: TwoHeads, data: BasketData, alpha: float) -> Lister:
    near = NearestByEngagement("", _bought(model), BestOf(_text(data)))
    return QuotaLister("", BestOf(_bought(model)), near, alpha)


def _sum_with_text(model: TwoHeads, data: BasketData, weight: float) -> Lister:
    return BestOf(RankAndCosine("", _bought(model), _text(data), weight))


def _sum_with_judge(model: TwoHeads, data: BasketData, weight: float) -> Lister:
    return BestOf(RankAndCosine("", _bought(model), _judge(data), weight))


ALPHAS: Final = (30.0, 50.0, 70.0, 80.0, 90.0, 95.0)
WEIGHTS: Final = (0.003, 0.006, 0.01, 0.015, 0.02, 0.03, 0.05)
WAYS: Final[Mapping[str, tuple[Maker, Sequence[float]]]] = {
    "two heads by quota": (_quota, ALPHAS),
    "engagement and titles alone by quota": (_quota_of_text, ALPHAS),
    "engagement and the 200 nearest titles, by engagement, by quota": (_quota_of_nearest, ALPHAS),
    "rank by engagement + titles' cosine": (_sum_with_text, WEIGHTS),
    "rank by engagement + the judge's own cosine": (_sum_with_judge, WEIGHTS),
}
"""Way to how it is made, and what validation chooses from. The last reads what judges it: it is a bound."""
BOUND: Final = "what was bought and engagement found, then the nearest by the judge"


def measure() -> Figures:
    """Of each way the list of most relevance that keeps 98 % of the recall on validation, on the test."""
    data = online_retail()
    weight = chosen(SEEDS[0]).weight
    validation, test = (split_of(KNOWN, phase) for phase in (Phase.VALIDATION, Phase.TEST))
    before, after = (
        trained(data, split, ItemToItemSettings(seed=SEEDS[0]), weight).model for split in (validation, test)
    )
    alone = evaluate_lists(BestOf(_bought(before)), validation, data.facts).metrics
    on_test = row_of(BestOf(_bought(after)), test, data)
    rows: list[dict[str, Any]] = [{"dataset": data.name, "seed": SEEDS[0], **on_test}]
    for way, (make, parameters) in WAYS.items():
        found = {
            parameter: evaluate_lists(make(before, data, parameter), validation, data.facts).metrics
            for parameter in parameters
        }
        say(f"{way}: " + ", ".join(f"{p:g} {m[RECALL]:.4f} {m[RELEVANCE]:.3f}" for p, m in found.items()))
        enough = [p for p, metrics in found.items() if metrics[RECALL] >= KEPT * alone[RECALL]]
        best = max(enough or found, key=lambda p: found[p][RELEVANCE] if enough else found[p][RECALL])
        row = row_of(make(after, data, best), test, data)
        kept, gain = row[RECALL] / on_test[RECALL], row[RELEVANCE] / on_test[RELEVANCE]
        shown = {"parameter": best, "kept": kept, "gain": gain}
        rows.append({"dataset": data.name, "seed": SEEDS[0], **row, "system": way, **shown})
    relevance = float(np.mean(list(_with_hindsight(after, test, _judge(data)))))
    about = {"kept": 1.0, "gain": relevance / on_test[RELEVANCE], RELEVANCE: relevance}
    rows.append({"dataset": data.name, "seed": SEEDS[0], "system": BOUND, RECALL: on_test[RECALL], **about})
    best_gain = max(row["gain"] for row in rows[1:-2] if row["kept"] >= KEPT)
    goal = Goal("relevance@50 against engagement alone at 98 % of its recall, best way", best_gain, 2, HIGHER)
    return Figures(rows, trials("item-to-item", "mixes"), (goal,))


def _with_hindsight(model: TwoHeads, split: BasketSplit, judge: VectorScorer) -> Iterator[float]:
    """Of each basket, relevance of lists of what engagement hits, and of what the judge puts nearest."""
    asked = split.asked
    triggers = np.unique(asked.members)
    lists = dict(zip(triggers.tolist(), BestOf(_bought(model)).lists(triggers, DEPTH), strict=True))
    for begin, end in zip(asked.offsets[:-1], asked.offsets[1:], strict=True):
        members = asked.members[begin:end]
        cosines = np.array(judge.scores(members))
        cosines[np.arange(len(members)), members] = -np.inf
        found = []
        for trigger, own in zip(members.tolist(), cosines, strict=True):
            hits = np.intersect1d(lists[trigger], members)
            kept = own[hits].sum()
            own[hits] = -np.inf
            rest = DEPTH - len(hits)
            found.append((kept + np.partition(own, len(own) - rest)[len(own) - rest :].sum()) / DEPTH)
        yield float(np.mean(found))
