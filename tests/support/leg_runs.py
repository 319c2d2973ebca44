"""Made-up legs of a made-up catalogue: how much each knows of what is relevant is ours to say."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from aisle.evaluation import JudgedSet
from aisle.evaluation.runs import ScoredRun
from aisle.mappings import FusionSpec, VectorSpace, default_fusion
from aisle.search.tuning.runs import LegRuns, data_hash
from aisle.types import Query

ITEMS = [f"item-{number:03}" for number in range(80)]
SPACE = VectorSpace("ab" * 32, "test", 8)
# Query number to how much a grade adds to a score of the leg, which is else random between 0 and 1.
Knows = Callable[[int], float]


def always(strength: float) -> Knows:
    """Knows as much of every query."""
    return lambda _: strength


def judged_set(queries: int = 100, seed: int = 3) -> JudgedSet:
    """Six judged items a query, of which one has the highest grade."""
    draw = random.Random(seed)
    qrels = {}
    for number in range(queries):
        items = draw.sample(ITEMS, 6)
        qrels[f"q{number}"] = {item: draw.randint(0, 2) for item in items} | {items[0]: 3}
    texts = tuple(
        Query(query, "lamp 12345" if number % 2 else "a red lamp") for number, query in enumerate(qrels)
    )
    return JudgedSet("toys", "dev", texts, qrels)


def leg_runs(
    judged: JudgedSet,
    knows: Mapping[str, Knows],
    *,
    found: int = 40,
    digits: int = 3,
    seed: int = 0,
    default: FusionSpec | None = None,
) -> LegRuns:
    """Each leg scores all items and keeps its best ``found``; few ``digits`` make ties."""
    draw = random.Random(seed)
    runs = {}
    for leg, strength in knows.items():
        rankings = {}
        for number, query in enumerate(judged.qrels):
            grades = judged.qrels[query]
            scores = {
                item: round(draw.random() + strength(number) * grades.get(item, 0) + 0.01, digits)
                for item in ITEMS
            }
            best = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:found]
            rankings[query] = dict(best)
        runs[leg] = ScoredRun(leg, rankings)
    return LegRuns(
        runs=runs,
        release="toys-v0001",
        window=found,
        dataset=judged.name,
        split=judged.split,
        data_hash=data_hash(judged),
        spaces={leg: SPACE for leg in knows if leg != "bm25"},
        default=default or default_fusion(tuple(knows)),
    )
