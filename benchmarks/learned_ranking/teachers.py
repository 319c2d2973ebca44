"""Better teachers for the ranker, from what there is: other labels, more queries, several rankers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from aisle.evaluation import paired_randomisation_test
from aisle.search.rank.ranker import RankModel
from aisle.training.ranking.settings import RankerSettings, Unjudged
from aisle.training.ranking.table import RankingTable
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.learned_ranking.asked import asked
from benchmarks.learned_ranking.measure import (
    FUSION,
    LINEAR,
    TAUGHT,
    TREES,
    Floats,
    Row,
    measured,
    row,
    trained,
)
from benchmarks.learned_ranking.setup import HOME, Setup

PART: Final = "teachers"
PLAIN: Final = "ranker"
SEEDS: Final = (7, 8, 9, 10, 11)
DEPTHS: Final = (10, 100)
_SEED: Final = 7
_DISCOUNT: Final = 0.5
_TOP: Final = 30


@dataclass(frozen=True, slots=True)
class Taught:
    """What rankers say of dev's candidates, and the seconds of processor time that they took."""

    name: str
    scores: Floats
    seconds: float


def measure(setup: Setup) -> Figures:
    """Each teacher on dev, beside the fusion; what it adds to the usual ranker stands in `attempts`."""
    home = asked(HOME, {"dev": None, "train": setup.queries}, setup.kept, setup.limit)
    whole, dev = home["train"].table, home["dev"].table
    drawn = np.random.default_rng(_SEED).permutation(len(whole.queries))
    train = whole.of_queries(np.sort(drawn[:TAUGHT]))
    others = whole.of_queries(np.sort(drawn[TAUGHT:]))
    base = measured(dev, dev.fused())
    rows: list[Row] = [row(PART, FUSION, base, None)]
    attempts: list[dict[str, str]] = []
    plain = base
    for taught in _taught(train, others, dev):
        found = measured(dev, taught.scores)
        rows.append(row(PART, taught.name, found, base, train_cpu_s=taught.seconds))
        if taught.name == PLAIN:
            plain = found
            continue
        p = paired_randomisation_test(found.at_20.tolist(), plain.at_20.tolist())
        delta = float(found.at_20.mean() - plain.at_20.mean())
        attempts.append(
            {
                "trial": f"{taught.name} (nDCG@20 to the ranker of {TAUGHT:,} queries; judged pool nDCG@10)",
                "figure": f"{delta:+.4f}, p {p:.3f}; {found.pool - plain.pool:+.4f}",
                "kept": "yes" if delta > 0 and p < 0.05 else "no",
            }
        )
    best = max(each["nDCG@20"] for each in rows)
    goals = [Goal("best teacher, nDCG@20 over the fusion", best - float(base.at_20.mean()), 0.02, HIGHER)]
    return Figures(rows, [*attempts, *trials("learned-ranking", PART)], goals)


def _taught(train: RankingTable, others: RankingTable, dev: RankingTable) -> Iterator[Taught]:
    say("training the ranker and its seeds")
    seeds = [trained(train, replace(TREES, seed=seed)) for seed in SEEDS]
    usual, seconds = seeds[0]
    yield Taught(PLAIN, usual.scores(dev.rows), seconds)
    several = np.mean([model.scores(dev.rows) for model, _ in seeds], axis=0)
    all_seconds = sum(spent for _, spent in seeds)
    yield Taught(f"mean of {len(SEEDS)} seeds", several, all_seconds)
    for depth in DEPTHS:
        yield _one(f"pairs of the first {depth} ranks count", train, replace(TREES, depth=depth), dev)
    yield _one("half the trees at twice the rate", train, replace(TREES, trees=50, rate=0.2), dev)
    yield _one("10 unjudged items a query", train, replace(TREES, unjudged=Unjudged.SAMPLED, sampled=10), dev)
    guessed = _guessed(train, trained(train, replace(TREES, unjudged=Unjudged.LEFT_OUT))[0])
    yield _one("unjudged items at half of what judged ones say of them", guessed, TREES, dev)
    if len(others.queries):
        more = _joined(train, _labelled(others, [model for model, _ in seeds], train))
        yield _one(f"{len(others.queries):,} queries more that {len(SEEDS)} seeds labelled", more, TREES, dev)
        yield _one("the same, a weighted sum", more, LINEAR, dev)
    yield _one("a weighted sum", train, LINEAR, dev)


def _one(name: str, train: RankingTable, way: RankerSettings, dev: RankingTable) -> Taught:
    say(f"training: {name}")
    model, seconds = trained(train, way)
    return Taught(name, model.scores(dev.rows), seconds)


def _guessed(train: RankingTable, model: RankModel) -> RankingTable:
    """Unjudged items with a grade of their own, from a model of the judged ones alone."""
    known = np.isfinite(train.grades)
    scores = model.scores(train.rows)
    slope, start = np.polyfit(scores[known], train.grades[known], 1)
    told = np.clip(slope * scores + start, 0, 3) * _DISCOUNT
    return replace(train, grades=np.where(known, train.grades, told))


def _labelled(others: RankingTable, models: list[RankModel], train: RankingTable) -> RankingTable:
    """Queries without judgments, whose items have the grades that are usual where rankers put them.

    Args:
        others: whose grades are not read.
        models: whose mean orders the candidates.
        train: tells the mean grade at each rank; below the first 30 it is 0.
    """
    ranks = _ranks(train, models)
    there = np.maximum(np.bincount(ranks, minlength=_TOP), 1)
    usual = np.bincount(ranks, np.nan_to_num(train.grades), minlength=_TOP)[:_TOP] / there[:_TOP]
    found = _ranks(others, models)
    grades = np.where(found < _TOP, usual[np.minimum(found, _TOP - 1)], 0.0)
    return replace(others, grades=grades)


def _ranks(table: RankingTable, models: list[RankModel]) -> np.ndarray:
    scores = np.mean([model.scores(table.rows) for model in models], axis=0)
    owners = np.repeat(np.arange(len(table.queries)), table.sizes)
    order = np.lexsort((-scores, owners))
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order)) - table.bounds[owners]
    return ranks


def _joined(first: RankingTable, second: RankingTable) -> RankingTable:
    return RankingTable(
        first.queries + second.queries,
        np.concatenate([first.bounds, first.bounds[-1] + second.bounds[1:]]),
        np.concatenate([first.rows, second.rows]),
        np.concatenate([first.grades, second.grades]),
        first.judged + second.judged,
    )
