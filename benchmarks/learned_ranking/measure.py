"""What a ranker is worth, trained in several ways: tables of features → rows. Pure but for the clock."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle.evaluation import paired_randomisation_test
from aisle.search.rank.features import FEATURES
from aisle.search.rank.ranker import RankModel
from aisle.training.ranking.fit import fit
from aisle.training.ranking.job import USUAL
from aisle.training.ranking.settings import ModelKind, RankerSettings, Unjudged
from aisle.training.ranking.table import RankingTable
from benchmarks.harness.command_line import say

Floats = NDArray[np.float64]
Row = dict[str, Any]

FUSION: Final = "fusion"
RANKER: Final = "ranker"
TREES: Final = next(way for way in USUAL if way.kind is ModelKind.TREES)
LINEAR: Final = next(way for way in USUAL if way.kind is ModelKind.LINEAR)
SIZES: Final = (30, 100, 300, 1000)

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "legs and fusion": ("bm25:", "dense:", "sparse:", "fusion:"),
    "words of the title": ("title:", "words:"),
    "characters": ("characters:",),
    "numbers and measures": ("numbers:", "measures:"),
    "first words and brands": ("brand:", "first word:"),
    "the query": ("query:",),
}
"""What the features are about, to how their names begin."""

IDEAS: Final[Mapping[str, tuple[str, ...]]] = {
    "noun of a title among the best": ("noun: share among the best",),
    "words in common with the best": ("words: in common with the best",),
    "first word of a title, as if a brand": ("first word: asked for",),
    "cosine of every candidate, exactly": (
        "dense: cosine",
        "dense: share of the best",
        "dense: standardised",
    ),
    "neighbours and runs of the query's words": (
        "words: neighbours that stay neighbours",
        "words: longest run",
    ),
    "share of the title that is asked for": (
        "words: share of the title's that are asked for",
        "words: share of the title's head that is asked for",
    ),
    "how far the legs agree, gaps": (
        "query: legs agree",
        "query: gap of the cosines",
        "fusion: legs that found it",
    ),
}
"""Features beyond the usual tables, one idea each."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A system on the queries of a table.

    Attributes:
        at_10, at_20: float64 [Q], nDCG; pool: mean nDCG@10 of the judged candidates alone.
    """

    at_10: Floats
    at_20: Floats
    pool: float


def measured(table: RankingTable, scores: Floats) -> Measured:
    """A system's figures from its scores of all candidates."""
    judged = judged_alone(table)
    kept = np.isfinite(table.grades)
    pool = float(judged.ndcg(scores[kept], 10).mean())
    return Measured(table.ndcg(scores, 10), table.ndcg(scores, 20), pool)


def judged_alone(table: RankingTable) -> RankingTable:
    """The candidates that somebody judged, held to the best order of themselves."""
    kept = np.isfinite(table.grades)
    sizes = np.add.reduceat(kept.astype(np.int64), table.bounds[:-1])
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    grades = table.grades[kept]
    spans = zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    best = tuple(tuple(np.sort(grades[first:last])[::-1].tolist()) for first, last in spans)
    return RankingTable(table.queries, bounds, table.rows[kept], grades, best)


def row(part: str, system: str, found: Measured, before: Measured | None, **more: object) -> Row:
    """A line of the table, compared with the fusion."""
    means: Row = {
        "part": part,
        "system": system,
        "queries": len(found.at_10),
        "nDCG@10": float(found.at_10.mean()),
        "nDCG@20": float(found.at_20.mean()),
        "judged pool nDCG@10": found.pool,
    }
    if before is not None:
        means["delta"] = float(found.at_20.mean() - before.at_20.mean())
        means["p"] = paired_randomisation_test(found.at_20.tolist(), before.at_20.tolist())
    return {**means, **more}


def trained(train: RankingTable, way: RankerSettings) -> tuple[RankModel, float]:
    """A ranker, and the seconds of processor time that its training took."""
    started = time.process_time()
    model = fit(train, way)
    return model, time.process_time() - started


def ladder(train: RankingTable, dev: RankingTable) -> list[Row]:
    """The fusion, and rankers trained in every way that there is."""
    base = measured(dev, dev.fused())
    rows = [row("ladder", FUSION, base, None)]
    ways: dict[str, RankerSettings] = {
        RANKER: TREES,
        "ranker, linear": LINEAR,
        **{
            f"ranker, unjudged {policy.value}": replace(TREES, unjudged=policy)
            for policy in Unjudged
            if policy is not TREES.unjudged
        },
        "ranker, signs not held": replace(TREES, monotone=False),
    }
    for name, way in ways.items():
        say(f"training {name}")
        model, seconds = trained(train, way)
        rows.append(row("ladder", name, measured(dev, model.scores(dev.rows)), base, train_cpu_s=seconds))
    return rows


def sizes(train: RankingTable, dev: RankingTable, seed: int = 7) -> list[Row]:
    """Trees and a linear model by how many queries were judged."""
    base = measured(dev, dev.fused())
    draw = np.random.default_rng(seed).permutation(len(train.queries))
    rows = []
    for size in SIZES:
        if size > len(draw):
            continue
        some = train.of_queries(np.sort(draw[:size]))
        for name, way in (("trees", TREES), ("linear", LINEAR)):
            model, seconds = trained(some, way)
            found = measured(dev, model.scores(dev.rows))
            rows.append(row("sizes", f"{size:,} queries, {name}", found, base, train_cpu_s=seconds))
    return rows


EVERYTHING: Final = "all features"
TAUGHT: Final = 1000
"""Queries that rankers learn from which go without some features: there are many of these."""


def parts(train: RankingTable, dev: RankingTable, seed: int = 7) -> list[Row]:
    """With all features; without each group of them, and without each idea."""
    base = measured(dev, dev.fused())
    draw = np.random.default_rng(seed).permutation(len(train.queries))
    train = train.of_queries(np.sort(draw[:TAUGHT]))
    model, _ = trained(train, TREES)
    rows = [row("parts", EVERYTHING, measured(dev, model.scores(dev.rows)), base)]
    for part, named in (("parts", GROUPS), ("ideas", IDEAS)):
        for name, beginnings in named.items():
            kept = np.array([not feature.name.startswith(beginnings) for feature in FEATURES])
            say(f"training without {name}")
            model, _ = trained(_masked(train, kept), TREES)
            found = measured(dev, model.scores(_masked(dev, kept).rows))
            rows.append(row(part, f"without: {name}", found, base))
    return rows


def _masked(table: RankingTable, kept: NDArray[np.bool_]) -> RankingTable:
    rows = table.rows.copy()
    rows[:, ~kept] = np.nan
    return replace(table, rows=rows)


def attempts(rows: Sequence[Row]) -> list[dict[str, str]]:
    """What each idea is worth: the figures of the rankers that go without it."""
    whole = next(each for each in rows if each["system"] == EVERYTHING)
    return [
        {
            "trial": f"{each['system']} (nDCG@20, judged pool nDCG@10)",
            "figure": f"{each['nDCG@20']:.4f} ({each['nDCG@20'] - whole['nDCG@20']:+.4f}),"
            f" {each['judged pool nDCG@10']:.4f}",
            "kept": "yes",
        }
        for each in rows
        if each["part"] == "ideas"
    ]
