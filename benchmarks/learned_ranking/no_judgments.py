"""A ranker for a shop without judgments: from clicks of simulated shoppers, and from queries made of titles.

Shoppers ask train's queries, are shown the first twenty as the fusion orders them today, look at place p with
probability 1 / p, and click by the true grade, which nothing else reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from aisle.evaluation.clicks import ClickLog, Method, estimate_clicks
from aisle.training.adaptation.made_pairs import OWN_GRADE
from aisle.training.ranking.table import RankingTable
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.learned_ranking.asked import asked, asked_sets
from benchmarks.learned_ranking.made import made_queries
from benchmarks.learned_ranking.measure import FUSION, TAUGHT, TREES, Row, measured, row, trained
from benchmarks.learned_ranking.setup import HOME, Setup

PART: Final = "no judgments"
SUPERVISED: Final = "judgments"
MADE: Final = 2_000
PAGE: Final = 20
LEAST_SHOWN: Final = 20
_SEED: Final = 7


@dataclass(frozen=True, slots=True)
class Shoppers:
    """A click model that is known.

    Attributes:
        searches: for each query.
        noise: of the order that is shown, in binary logarithms of the rank: rankings change from day to day,
            and only that tells what a place does.
        stray: probability of a click on an item of grade 0 that is looked at.
    """

    searches: int
    noise: float = 0.5
    stray: float = 0.05


def clicks(table: RankingTable, shoppers: Shoppers, seed: int) -> ClickLog:
    """What shoppers do with the candidates of a table; an item is its row.

    Args:
        table: whose order is that of the engine, and whose grades shoppers go by.
        shoppers: who they are.
        seed: of everything that is drawn.
    """
    draw = np.random.default_rng(seed)
    grades = np.nan_to_num(table.grades)
    wanted = shoppers.stray + (1 - shoppers.stray) * (np.exp2(grades) - 1) / 8
    found = []
    for query, (first, last) in enumerate(zip(table.bounds[:-1], table.bounds[1:], strict=True)):
        number = int(last - first)
        size = min(PAGE, number)
        today = np.log2(2 + np.arange(number)) + shoppers.noise * draw.standard_normal(
            (shoppers.searches, number)
        )
        shown = np.argsort(today, axis=1, kind="stable")[:, :size]
        looked = draw.random(shown.shape) < 1 / np.arange(1, size + 1)
        clicked = looked & (draw.random(shown.shape) < wanted[first + shown])
        at, which = np.unique(shown * size + np.arange(size), return_inverse=True)
        times = np.bincount(which.ravel(), minlength=len(at))
        hits = np.bincount(which.ravel(), clicked.ravel(), minlength=len(at)).astype(np.int64)
        found.append(np.stack([np.full(len(at), query), first + at // size, at % size, times, hits]))
    query, item, position, times, hits = np.concatenate(found, axis=1).astype(np.int64)
    items = tuple(map(str, range(len(table.rows))))
    return ClickLog(table.queries, items, query, item, position, times, hits, (), {})


def clicked_table(table: RankingTable, log: ClickLog, method: Method) -> RankingTable:
    """The candidates with grades that clicks give, in place of the true ones."""
    grades = np.full(len(table.rows), np.nan)
    for items in estimate_clicks(log).grades(log, method, LEAST_SHOWN).values():
        for item, grade in items.items():
            grades[int(item)] = grade
    return replace(table, grades=grades)


def measure(setup: Setup) -> Figures:
    """Rankers that no judge taught, beside one that judges did, on dev."""
    home = asked(HOME, {"dev": None, "train": setup.queries}, setup.kept, setup.limit)
    dev, train = home["dev"].table, home["train"].table
    drawn = np.random.default_rng(_SEED).permutation(len(train.queries))[:TAUGHT]
    train = train.of_queries(np.sort(drawn))
    base = measured(dev, dev.fused())
    rows = [row(PART, FUSION, base, None)]
    for name, taught in _taught(setup, train):
        say(f"training on {name}")
        model, seconds = trained(taught, TREES)
        rows.append(
            row(PART, name, measured(dev, model.scores(dev.rows)), base, taught=len(taught.queries))
            | {"train_cpu_s": seconds}
        )
    return Figures(rows, trials("learned-ranking", PART), _goals(rows))


def _taught(setup: Setup, train: RankingTable) -> Iterator[tuple[str, RankingTable]]:
    yield SUPERVISED, train
    for searches, methods in ((100, (Method.IPS, Method.COEC, Method.CTR)), (1000, (Method.IPS,))):
        log = clicks(train, Shoppers(searches), _SEED)
        for method in methods:
            found = clicked_table(train, log, method)
            name = f"clicks of {searches:,} searches a query, {method}"
            yield name, found.with_linear_gains()
            if method is Method.IPS and searches == 100:
                yield f"{name}, gains of 2^g - 1", found
    made = made_queries(HOME, setup.kept, MADE, setup.limit)
    table = asked_sets(HOME, {"made": made}, setup.kept, setup.limit)["made"].table
    table = table.of_queries(np.arange(min(TAUGHT, len(table.queries))))
    yield "made queries, also what else they find", table
    yield "made queries, their own items alone", table.with_least_grade(OWN_GRADE)


def _goals(rows: list[Row]) -> list[Goal]:
    whole = next(each["delta"] for each in rows if each["system"] == SUPERVISED)
    best = max(each["delta"] for each in rows if each["system"] not in (SUPERVISED, FUSION))
    return [
        Goal("share of what judgments win, best of what needs none", best / max(whole, 1e-9), 0.5, HIGHER)
    ]
