"""The catalogue that the models were trained on → rows: ladder, reranked lists, judged pool, speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from opensearchpy import OpenSearch

from aisle.mappings import BM25
from aisle.search import CascadeStage
from aisle.search.tuning.runs import write_leg_runs
from aisle.search.tuning.tune import Tuned, TuneOptions
from benchmarks.search_quality.fused import (
    TUNED,
    Ladder,
    Rung,
    climb,
    default_systems,
    fused_alike,
    ids_of,
    name_of,
    worded,
)
from benchmarks.search_quality.rerank import (
    CASCADED,
    TOP,
    Remembered,
    pool_lists,
    remembered,
    rerank_rungs,
    reranked,
    sampled,
)
from benchmarks.search_quality.shop import Artifacts, Asked, Shop
from benchmarks.search_quality.speed import pair_speed, search_speed
from benchmarks.search_quality.table import (
    CASCADE,
    LADDER,
    OUTSIDE,
    POOL,
    RERANKED,
    STUDENT,
    STUDENT_MODEL,
    TEACHER,
    TEACHER_MODEL,
    rung_rows,
)

_SEED: Final = 0
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Measuring:
    """Attributes:
    artifacts: which rerankers there are.
    options: of the tuning.
    rerank_queries: how many queries are reranked.
    timed_queries, timed_pairs: how many are timed, as whole searches and as pairs alone.
    """

    artifacts: Artifacts
    options: TuneOptions
    rerank_queries: int
    timed_queries: int
    timed_pairs: int


@dataclass(frozen=True, slots=True)
class Home:
    """Attributes:
    rows: all of them.
    tuned: the fusion of all legs.
    student: the reranker, None without one; weight: the one that is best on all queries.
    """

    rows: Rows
    tuned: Tuned
    student: Remembered | None
    weight: float


def home_rows(
    client: OpenSearch, shop: Shop, asked: Asked, measuring: Measuring, runs: Path | None = None
) -> Home:
    """The ladder, reranked lists, the judged pool, and speed.

    Args:
        client: of an own node.
        shop: the index.
        asked: what its legs found.
        measuring: see there.
        runs: where the runs of the legs are kept, None: nowhere.
    """
    if runs is not None:
        write_leg_runs(asked.runs, runs)
    legs = asked.runs.legs
    found = climb(asked, shop.judged, measuring.options)
    rows = rung_rows(LADDER, shop.judged.name, found.rungs, shop.judged.qrels)
    reranked_rows, student, weight = _reranked(shop, asked, found, measuring)
    rows += reranked_rows
    queries = shop.judged.queries
    timed = queries[:: max(1, len(queries) // measuring.timed_queries)][: measuring.timed_queries]
    systems = default_systems(legs) | {f"{name_of(legs)}{TUNED}": found.tuned.spec}
    rows += search_speed(client, shop.name, measuring.artifacts, systems, [query.text for query in timed])
    candidates = {
        query.text: [shop.texts[each.id] for each in found.fused[query.id][:TOP] if each.id in shop.texts]
        # Torch takes seconds for each.
        for query in timed[: measuring.timed_pairs]
    }
    whole = {text: items for text, items in candidates.items() if items}
    rows += pair_speed(measuring.artifacts, whole)
    return Home(rows, found.tuned, student, weight)


def _reranked(
    shop: Shop, asked: Asked, found: Ladder, measuring: Measuring
) -> tuple[Rows, Remembered | None, float]:
    artifacts = measuring.artifacts
    if artifacts.reranker is None:
        return [], None, 1.0
    models = {STUDENT_MODEL: remembered(artifacts.reranker)}
    student = models[STUDENT_MODEL]
    systems: dict[str, Sequence[CascadeStage]] = {STUDENT: [CascadeStage(student, TOP)]}
    if artifacts.teacher is not None:
        teacher = models[TEACHER_MODEL] = remembered(artifacts.teacher)
        systems[CASCADE] = [CascadeStage(student, TOP), CascadeStage(teacher, CASCADED)]
        systems[TEACHER] = [CascadeStage(teacher, TOP)]
    ids = sampled(shop.judged, measuring.rerank_queries, _SEED)
    qrels = {query: shop.judged.qrels[query] for query in ids}
    fused = {query: found.fused[query] for query in ids}
    start = f"{name_of(asked.runs.legs)}{TUNED}"
    some = {query: list(asked.runs.runs[BM25].rankings[query]) for query in ids}
    rungs = [Rung(BM25, some), Rung(start, ids_of(fused), (BM25,), worded(found.tuned.spec))]
    best = {}
    for name, stages in systems.items():
        made, best[name] = rerank_rungs(name, stages, asked, fused, shop.texts, qrels, start)
        rungs += made
    rows = rung_rows(RERANKED, shop.judged.name, rungs, qrels)
    pools = [Rung(name, pool_lists(model, shop.judged, shop.texts)) for name, model in models.items()]
    worst = {query: sorted(items, key=items.__getitem__) for query, items in shop.judged.qrels.items()}
    pools.append(Rung("worst order", worst))
    rows += rung_rows(POOL, shop.judged.name, pools, shop.judged.qrels)
    return rows, student, best[STUDENT]


def outside_rows(shop: Shop, asked: Asked, home: Home) -> list[dict[str, Any]]:
    """BM25, the default fusion and the one tuned at home, both reranked with the weight chosen there.

    Args:
        shop: the index.
        asked: what its legs found.
        home: what was chosen.
    """
    tuned = fused_alike(asked, home.tuned.spec)
    default = fused_alike(asked, asked.runs.default)
    words = {query: list(found) for query, found in asked.runs.runs[BM25].rankings.items()}
    hybrid = name_of(asked.runs.legs)
    there = f"{hybrid}{TUNED} on homedepot"
    rungs = [
        Rung(BM25, words),
        Rung(hybrid, ids_of(default), (BM25,)),
        Rung(there, ids_of(tuned), (hybrid,), worded(home.tuned.spec)),
    ]
    if home.student is not None:
        stages = [CascadeStage(home.student, TOP)]
        told = f"weight {home.weight:g}"
        for name, fused, before in ((STUDENT, default, hybrid), (f"{there}, {STUDENT}", tuned, there)):
            lists = reranked(stages, home.weight, asked, fused, shop.texts)
            rungs.append(Rung(name, lists, (before,), told))
    return rung_rows(OUTSIDE, shop.judged.name, rungs, shop.judged.qrels)


Attempt = dict[str, str]


def notes(tuned: Tuned, weight: float) -> list[Attempt]:
    """The guard's verdicts, the fusion that was chosen on all queries, and how it does on them."""
    metric = tuned.options.metric
    found = []
    for verdict in tuned.verdicts:
        if verdict.delta is not None and verdict.p_value is not None:
            figure = f"{verdict.delta:+.4f} {metric}, p {verdict.p_value:.4f}"
            found.append(_attempt(f"the {verdict.leg} leg beside the others", figure, verdict.kept))
    folds = " / ".join(dict.fromkeys(worded(winner.spec) for winner in tuned.winners))
    return [
        *found,
        {"trial": "fusions chosen without each fold", "figure": folds, "kept": "for the honest figure"},
        {
            "trial": f"{tuned.fusions:,} fusions; the best on all queries: {worded(tuned.spec)}",
            "figure": f"{metric} {tuned.chosen_on:.4f} on the queries it was chosen on,"
            f" {tuned.means['tuned']:.4f} held out",
            "kept": "yes",
        },
        {"trial": "weight of the reranker", "figure": f"{weight:g} is best on all queries", "kept": "yes"},
    ]


def left_out(missing: Sequence[str]) -> list[Attempt]:
    """Rungs that this machine has no artifact for."""
    return [{"trial": what, "figure": "left out, and with it its goals", "kept": "-"} for what in missing]


def _attempt(trial: str, figure: str, kept: bool) -> Attempt:
    return {"trial": trial, "figure": figure, "kept": "yes" if kept else "no"}
