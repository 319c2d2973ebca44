"""Two heads: each alone, merged at several alphas, beside the weighted sum; with new items and without."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from aisle.evaluation.item_to_item.lists import BestOf, Lister, evaluate_lists
from aisle.evaluation.item_to_item.protocol import BasketProtocol, BasketSplit, split_baskets
from aisle.evaluation.sequences.protocol import ColdItems, Phase
from aisle.recommendation.item_to_item.basket_counts import (
    SHARED,
    BasketCountOptions,
    count_baskets,
    together_scores,
)
from aisle.recommendation.item_to_item.divergence import head_divergence
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.recommendation.item_to_item.scorers import (
    EngagementScorer,
    MatrixScorer,
    PopularityScorer,
    QuotaLister,
    RelevanceScorer,
    VectorScorer,
    WeightedSum,
)
from aisle.recommendation.item_to_item.systems import SUM_WEIGHTS
from aisle.recommendation.item_to_item.towers import HeadTowers
from aisle.training.common.machine import seed_all
from aisle.training.common.progress import Silent
from aisle.training.item_to_item.fit import fit_epochs
from aisle.training.item_to_item.job import Catalogue, ItemTexts, choose_weight
from aisle.training.item_to_item.model import ItemContent, Towers
from aisle.training.item_to_item.settings import PUBLISHED, ItemToItemSettings
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, LOWER, Goal
from benchmarks.harness.topics import Figures
from benchmarks.item_to_item.data import BasketData, online_retail
from benchmarks.item_to_item.pareto import gains

SEEDS: Final = (7, 8, 9)
MERGED: Final = (30.0, 50.0, 70.0)
KEPT: Final = 0.98
RELEVANCE_WEIGHTS: Final = (0.0, 0.25, 1.0, 5.0)
TowersMaker = Callable[[ItemContent, ItemToItemSettings], Towers]
KNOWN: Final = BasketProtocol()
SOME_HIDDEN: Final = BasketProtocol(new_items=True, hidden=ColdItems(0.05))
LOOKED_AT: Final = (1, 2, 4, 8, 16, 24, 32, 40)
"""Epochs after which a model is kept as it is then."""
SINGLE_TASK: Final = ItemToItemSettings(seed=SEEDS[0], relevance_weight=0.0, relevance_partners=0.0)
RIVALS: Final[Mapping[str, BasketCountOptions]] = {
    "weighted sum": BasketCountOptions(),
    "weighted sum of 1/size counts": SHARED,
}
"""The second is what validation chooses."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A model of one seed, learned from what its split may learn from.

    Attributes:
        model: of two heads.
        seconds: of CPU of the training that it is of.
        path: epoch to the model as it was after it, without counts; 0 is before the first.
    """

    model: TwoHeads
    seconds: float
    path: Mapping[int, TwoHeads]


def catalogue_of(data: BasketData) -> Catalogue:
    """What the towers read: titles alone, which is all that this shop has."""
    texts, none = data.texts, ("",) * len(data.titles)
    return Catalogue(data.titles, none, none, ItemTexts(texts.vectors, texts.whitening, texts.encoder))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the validation chose.

    Attributes:
        weight: of the counts.
        alpha: the smallest by which the merged list loses at most 2 % of the engagement head's R@50.
    """

    weight: float
    alpha: float


@cache
def split_of(protocol: BasketProtocol, phase: Phase) -> BasketSplit:
    """Of online_retail, the same object each time, so that what is trained on it is trained once."""
    return split_baskets(online_retail().baskets, protocol, phase)


@cache
def chosen(seed: int) -> Chosen:
    """Of towers that the validation's baskets did not train."""
    data = online_retail()
    validation = split_of(KNOWN, Phase.VALIDATION)
    model = trained(data, validation, ItemToItemSettings(seed=seed), 0.0).model
    weight, _ = choose_weight(validation, catalogue_of(data), model.towers)
    found = {
        lister.name: evaluate_lists(lister, validation).metrics["R@50"]
        for lister in listers(replace(model, counts_weight=weight))
    }
    least = KEPT * found["engagement head"]
    kept = [alpha for alpha in MERGED if found[f"merged, alpha {alpha:g}"] >= least]
    say(f"seed {seed}: counts have weight {weight:g}; of {found}, alphas {kept} lose little enough")
    return Chosen(weight, min(kept, default=max(MERGED)))


def trained(
    data: BasketData,
    split: BasketSplit,
    settings: ItemToItemSettings,
    weight: float,
    shape: TowersMaker = Towers,
) -> Trained:
    """Towers on what a split learns from, with counts of some weight."""
    found = _trained(data, split, settings, shape)
    return replace(found, model=replace(found.model, counts_weight=weight))


@cache
def _trained(
    data: BasketData, split: BasketSplit, settings: ItemToItemSettings, shape: TowersMaker
) -> Trained:
    catalogue = catalogue_of(data)
    began = time.process_time()
    seed_all(settings.seed)
    towers = shape(catalogue.content(split.train), settings)
    path = {0: towers.served()}
    losses = fit_epochs(towers, split.train, settings, Silent())
    path |= {epoch: towers.served() for epoch, _ in enumerate(losses, 1) if epoch in LOOKED_AT}
    seconds = time.process_time() - began
    model = catalogue.model(split.train, towers.served(), 0.0)
    models = {epoch: _as_of(model, served, data) for epoch, served in path.items()}
    return Trained(model, seconds, MappingProxyType(models))


def _as_of(model: TwoHeads, towers: HeadTowers, data: BasketData) -> TwoHeads:
    """The same counts with other towers."""
    none = ("",) * len(data.titles)
    made = towers.vectors(model.items, data.texts.vectors, none, none)
    return replace(model, engagement=made.engagement, relevance=made.relevance, towers=towers)


def listers(model: TwoHeads) -> Iterator[Lister]:
    """Each head, the engagement head without counts, and the two merged."""
    towers = replace(model, counts_weight=0.0)
    bought = BestOf(EngagementScorer("engagement head", model))
    alike = BestOf(RelevanceScorer("relevance head", model))
    yield bought
    yield BestOf(EngagementScorer("engagement head, no counts", towers))
    yield alike
    for alpha in MERGED:
        yield QuotaLister(f"merged, alpha {alpha:g}", bought, alike, alpha)


def measure() -> Figures:
    """Measure the heads on the test, one seed after the other, and the curve of the weighted sum."""
    data = online_retail()
    test = split_of(KNOWN, Phase.TEST)
    rows: list[dict[str, Any]] = []
    for seed in SEEDS:
        settings = ItemToItemSettings(seed=seed)
        made = trained(data, test, settings, chosen(seed).weight)
        about = {"dataset": data.name, "seed": seed, "counts_weight": made.model.counts_weight}
        about["relevance_weight"] = settings.relevance_weight
        apart = head_divergence(made.model)
        about |= {"cpu_seconds": made.seconds, "cka": apart.cka, "overlap": apart.overlap}
        rows += [{**about, **row_of(lister, test, data)} for lister in listers(made.model)]
    curve = list(_curve(data, test))
    return Figures(rows + curve, (), tuple(_goals(rows, curve)))


def measure_published() -> Figures:
    """The published settings: one pass over drawn pairs, Adagrad, negatives within the batch."""
    data = online_retail()
    test = split_of(KNOWN, Phase.TEST)
    rows = []
    for epochs in (1, 10):
        made = trained(data, test, replace(PUBLISHED, epochs=epochs), 0.0)
        about = {"dataset": data.name, "settings": f"published, {epochs} epochs", "cpu_seconds": made.seconds}
        rows += [{**about, **row_of(lister, test, data)} for lister in list(listers(made.model))[1:3]]
    return Figures(rows, (), ())


def measure_single_task() -> Figures:
    """The engagement head alone: nothing of the relevance head reaches the backbone."""
    data = online_retail()
    test = split_of(KNOWN, Phase.TEST)
    made = trained(data, test, SINGLE_TASK, chosen(SEEDS[0]).weight)
    about = {"dataset": data.name, "cpu_seconds": made.seconds}
    rows = [{**about, **row_of(lister, test, data)} for lister in list(listers(made.model))[:2]]
    return Figures([{**row, "system": f"{row['system']}, single task"} for row in rows], (), ())


def measure_relevance_weights() -> Figures:
    """How much the content encoder is to count beside partners (w_r)."""
    data = online_retail()
    test = split_of(KNOWN, Phase.TEST)
    rows = []
    for weight in RELEVANCE_WEIGHTS:
        settings = ItemToItemSettings(seed=SEEDS[0], relevance_weight=weight)
        made = trained(data, test, settings, chosen(SEEDS[0]).weight)
        apart = head_divergence(made.model)
        about = {"dataset": data.name, "relevance_weight": weight, "cka": apart.cka, "overlap": apart.overlap}
        rows += [{**about, **row_of(lister, test, data)} for lister in listers(made.model)]
    return Figures(rows, (), ())


def measure_new_items() -> Figures:
    """Items that no basket had: those that the test brings, and a hidden 5 %."""
    data = online_retail()
    test = split_of(SOME_HIDDEN, Phase.TEST)
    made = trained(data, test, ItemToItemSettings(seed=SEEDS[0]), chosen(SEEDS[0]).weight)
    texts = data.texts.vectors
    simple = (
        BestOf(PopularityScorer("popularity", test.taken)),
        BestOf(VectorScorer("text", texts, texts)),
    )
    rows = [
        {"dataset": data.name, "new": int(np.count_nonzero(test.new)), **row_of(lister, test, data)}
        for lister in (*listers(made.model), *simple)
    ]
    by_name = {row["system"]: row for row in rows}
    asked = "R@50 new trigger"
    found = max(by_name[name][asked] for name in ("engagement head", "relevance head"))
    merged = by_name["merged, alpha 50"][asked]
    return Figures(
        rows,
        (),
        (
            Goal("new triggers, better head against text, R@50", found / by_name["text"][asked], 0.8, HIGHER),
            Goal("new triggers, against popularity, R@50", found / by_name["popularity"][asked], 2.0, HIGHER),
            Goal("new triggers, merged against text, R@50", merged / by_name["text"][asked], 0.8, HIGHER),
        ),
    )


def row_of(lister: Lister, split: BasketSplit, data: BasketData) -> dict[str, Any]:
    """A row of the result file for a lister."""
    found = evaluate_lists(lister, split, data.facts)
    say(f"{found.system}: " + ", ".join(f"{name} {value:.4f}" for name, value in found.metrics.items()))
    return {"system": found.system, **found.metrics}


def _curve(data: BasketData, test: BasketSplit) -> Iterator[dict[str, Any]]:
    """The rivals: one list of weighted counts and texts, at every weight, with either counts."""
    text = VectorScorer("text", data.texts.vectors, data.texts.vectors)
    for name, options in RIVALS.items():
        counts = MatrixScorer("counts", together_scores(count_baskets(test.train, options)))
        for weight in (0.0, *SUM_WEIGHTS):
            lister = BestOf(WeightedSum(f"{name}, {weight:g}", counts, text, weight))
            yield {"dataset": data.name, **row_of(lister, test, data)}


def _goals(rows: Sequence[dict[str, Any]], curve: Sequence[dict[str, Any]]) -> Iterator[Goal]:
    def mean(system: str, metric: str) -> float:
        return float(np.mean([row[metric] for row in rows if row["system"] == system]))

    for metric, goal in (("R@10", 0.13), ("R@50", 0.24), ("R@500", 0.59)):
        yield Goal(f"engagement head, {metric}", mean("engagement head", metric), goal, HIGHER)
    name = f"merged, alpha {chosen(SEEDS[0]).alpha:g}"
    alone = "engagement head"
    gain = mean(name, "relevance@50") / mean(alone, "relevance@50")
    yield Goal("merged, relevance@50 against engagement alone", gain, 2.0, HIGHER)
    kept = mean(name, "R@50") / mean(alone, "R@50")
    yield Goal("merged, R@50 against engagement alone", kept, 0.98, HIGHER)
    merged = [row for row in rows if row["system"].startswith("merged")]
    for name in RIVALS:
        above = gains([row for row in curve if row["system"].startswith(f"{name}, ")], merged)
        yield Goal(f"merged against the {name} at equal relevance, best", float(above.max()), 0.05, HIGHER)
        yield Goal(f"merged against the {name} at equal relevance, worst", float(above.min()), -0.01, HIGHER)
    yield Goal("training, minutes of CPU", max(row["cpu_seconds"] for row in rows) / 30, 20, LOWER)
