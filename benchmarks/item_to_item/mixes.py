"""More relevance at almost the same recall: other ways to merge two heads, and the most there can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from aisle.errors import InputError
from aisle.evaluation.item_to_item.lists import BestOf, Lister, TriggerScorer, best_places, evaluate_lists
from aisle.evaluation.item_to_item.protocol import BasketSplit
from aisle.evaluation.sequences.protocol import Phase
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
LIKELY: Final = 20.0
"""Added to a rank, so that the first ranks are not worth many times the next."""
NEAREST: Final = 200
TEACHER_ALONE: Final = ItemToItemSettings(seed=SEEDS[0], relevance_weight=1.0, relevance_partners=0.0)
"""Of towers whose relevance head alone is used: a backbone of its own, and nothing of baskets in its loss."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What lists are made of.

    Attributes:
        bought: the engagement head with counts.
        towers: the same without.
        relevance: the relevance head beside it.
        apart: that of other towers, trained by the teacher alone.
        text: cosines of titles.
        judge: of the encoder that relevance is measured by.
        temperature: of the engagement head's softmax.
    """

    bought: TriggerScorer
    towers: TriggerScorer
    relevance: TriggerScorer
    apart: TriggerScorer
    text: TriggerScorer
    judge: TriggerScorer
    temperature: float


Maker = Callable[[Known, float], Lister]


@dataclass(frozen=True, slots=True)
class RankAndCosine:
    """1 / (20 + rank by engagement), about how likely a purchase is there, and so much of a cosine.

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
class ProbabilityAndCosine:
    """The engagement head's probability of a partner, and so much of a cosine.

    Attributes:
        name: for tables.
        engagement: whose softmax is taken.
        temperature: of it.
        alike: cosines.
        weight: of them.
    """

    name: str
    engagement: TriggerScorer
    temperature: float
    alike: TriggerScorer
    weight: float

    def scores(self, triggers: NDArray[np.int32]) -> NDArray[np.float32]:
        """float32 [triggers, items]."""
        bought = np.array(self.engagement.scores(triggers)) / np.float32(self.temperature)
        bought[np.arange(len(triggers)), triggers] = -np.inf
        found = softmax(bought, axis=1) + np.float32(self.weight) * self.alike.scores(triggers)
        return np.asarray(found, dtype=np.float32)


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


def _quota(known: Known, alpha: float) -> Lister:
    return QuotaLister("", BestOf(known.bought), BestOf(known.relevance), alpha)


def _quota_apart(known: Known, alpha: float) -> Lister:
    return QuotaLister("", BestOf(known.bought), BestOf(known.apart), alpha)


def _quota_of_text(known: Known, alpha: float) -> Lister:
    return QuotaLister("", BestOf(known.bought), BestOf(known.text), alpha)


def _quota_of_nearest(known: Known, alpha: float) -> Lister:
    near = NearestByEngagement("", known.bought, BestOf(known.text))
    return QuotaLister("", BestOf(known.bought), near, alpha)


def _rank_and_apart(known: Known, weight: float) -> Lister:
    return BestOf(RankAndCosine("", known.bought, known.apart, weight))


def _rank_and_text(known: Known, weight: float) -> Lister:
    return BestOf(RankAndCosine("", known.bought, known.text, weight))


def _rank_and_judge(known: Known, weight: float) -> Lister:
    return BestOf(RankAndCosine("", known.bought, known.judge, weight))


def _probability_and_text(known: Known, weight: float) -> Lister:
    return BestOf(ProbabilityAndCosine("", known.towers, known.temperature, known.text, weight))


def _probability_and_judge(known: Known, weight: float) -> Lister:
    return BestOf(ProbabilityAndCosine("", known.towers, known.temperature, known.judge, weight))


ALPHAS: Final = (30.0, 50.0, 70.0, 80.0, 90.0)
OF_RANKS: Final = (0.03, 0.04, 0.05, 0.06, 0.07, 0.08)
OF_PROBABILITIES: Final = (0.002, 0.003, 0.005, 0.007, 0.01)
WAYS: Final[Mapping[str, tuple[Maker, Sequence[float]]]] = {
    "two heads by quota": (_quota, ALPHAS),
    "towers apart, relevance by the teacher alone, by quota": (_quota_apart, ALPHAS),
    "engagement and titles alone by quota": (_quota_of_text, ALPHAS),
    "engagement and the 200 nearest titles, by engagement, by quota": (_quota_of_nearest, ALPHAS),
    "rank by engagement + cosine of towers apart": (_rank_and_apart, OF_RANKS),
    "rank by engagement + titles' cosine": (_rank_and_text, OF_RANKS),
    "probability + titles' cosine": (_probability_and_text, OF_PROBABILITIES),
}
"""Way to how it is made, and what validation chooses from."""
BOUNDS: Final[Mapping[str, tuple[Maker, Sequence[float]]]] = {
    "rank by engagement + the judge's own cosine": (_rank_and_judge, OF_RANKS),
    "probability + the judge's own cosine": (_probability_and_judge, OF_PROBABILITIES),
}
"""The same for lists that read what judges them."""
HINDSIGHT: Final = "what engagement finds of what was bought, then the nearest by the judge"


def measure() -> Figures:
    """Of each way the list of most relevance that keeps 98 % of the recall on validation, on the test."""
    data = online_retail()
    validation, test = (split_of(KNOWN, phase) for phase in (Phase.VALIDATION, Phase.TEST))
    before, after = _known(data, validation), _known(data, test)
    alone = evaluate_lists(BestOf(before.bought), validation, data.facts).metrics
    on_test = row_of(BestOf(after.bought), test, data)
    about: dict[str, Any] = {"dataset": data.name, "seed": SEEDS[0]}
    rows: list[dict[str, Any]] = [{**about, **on_test}]
    for way, (make, parameters) in (*WAYS.items(), *BOUNDS.items()):
        found = {
            parameter: evaluate_lists(make(before, parameter), validation, data.facts).metrics
            for parameter in parameters
        }
        say(f"{way}: " + ", ".join(f"{p:g} {m[RECALL]:.4f} {m[RELEVANCE]:.3f}" for p, m in found.items()))
        enough = [p for p, metrics in found.items() if metrics[RECALL] >= KEPT * alone[RECALL]]
        best = max(enough or found, key=lambda p: found[p][RELEVANCE] if enough else found[p][RECALL])
        row = row_of(make(after, best), test, data)
        kept, gain = row[RECALL] / on_test[RECALL], row[RELEVANCE] / on_test[RELEVANCE]
        chosen_at = found[best][RECALL] / alone[RECALL], found[best][RELEVANCE] / alone[RELEVANCE]
        shown = {"parameter": best, "validation": chosen_at[0], "validation_gain": chosen_at[1]}
        shown |= {"kept": kept, "gain": gain}
        rows.append({**about, **row, "system": way, **shown})
    relevance = float(np.mean(list(_with_hindsight(after, test))))
    gain = relevance / on_test[RELEVANCE]
    shown = {RECALL: on_test[RECALL], RELEVANCE: relevance, "kept": 1.0, "gain": gain}
    rows.append({**about, "system": HINDSIGHT, **shown})
    ways = [row for row in rows if row["system"] in WAYS and row["validation"] >= KEPT]
    best_way = max(ways, key=lambda row: float(row["validation_gain"]))
    goals = (
        Goal("best way, relevance@50 against engagement alone", best_way["gain"], 2, HIGHER),
        Goal("best way, R@50 against engagement alone", best_way["kept"], KEPT, HIGHER),
    )
    return Figures(rows, trials("item-to-item", "mixes"), goals)


def _known(data: BasketData, split: BasketSplit) -> Known:
    usual = ItemToItemSettings(seed=SEEDS[0])
    model = trained(data, split, usual, chosen(SEEDS[0]).weight).model
    texts, judged = data.texts.vectors, data.facts.relevance
    if judged is None:
        raise InputError("nothing judges relevance", fix="give facts of the items")
    return Known(
        EngagementScorer("engagement head", model),
        EngagementScorer("engagement head, no counts", replace(model, counts_weight=0.0)),
        RelevanceScorer("relevance head", model),
        RelevanceScorer("relevance head apart", trained(data, split, TEACHER_ALONE, 0.0).model),
        VectorScorer("text", texts, texts),
        VectorScorer("judge", judged, judged),
        usual.temperature,
    )


def _with_hindsight(known: Known, split: BasketSplit) -> Iterator[float]:
    """Of each basket, relevance of lists of what engagement hits, and of what the judge puts nearest."""
    asked = split.asked
    triggers = np.unique(asked.members)
    lists = dict(zip(triggers.tolist(), BestOf(known.bought).lists(triggers, DEPTH), strict=True))
    for begin, end in zip(asked.offsets[:-1], asked.offsets[1:], strict=True):
        members = asked.members[begin:end]
        cosines = np.array(known.judge.scores(members))
        cosines[np.arange(len(members)), members] = -np.inf
        found = []
        for trigger, own in zip(members.tolist(), cosines, strict=True):
            hits = np.intersect1d(lists[trigger], members)
            kept = own[hits].sum()
            own[hits] = -np.inf
            rest = DEPTH - len(hits)
            found.append((kept + np.partition(own, len(own) - rest)[len(own) - rest :].sum()) / DEPTH)
        yield float(np.mean(found))
