"""Rows of features whose best order is known, for trainings of a second."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from aisle.search.rank.features import FEATURES
from aisle.training.ranking.table import RankingTable

NAMES = [feature.name for feature in FEATURES]


def column(name: str) -> int:
    """Place of a feature."""
    return NAMES.index(name)


def ranking_rows(
    queries: int = 60,
    size: int = 20,
    seed: int = 0,
    *,
    taught: str | None = "dense: cosine",
    judged: float = 1.0,
    noise: float = 0.1,
) -> RankingTable:
    """Queries whose grades follow one feature, or nothing at all.

    Args:
        queries: how many.
        size: candidates of each.
        seed: of what is drawn.
        taught: feature that the grades follow; None: they are noise.
        judged: share of the candidates that have a grade.
        noise: added to what they follow.
    """
    draw = np.random.default_rng(seed)
    number = queries * size
    rows = draw.standard_normal((number, len(FEATURES)))
    # A column that is missing in part, one that always is, and one that is always the same.
    rows[draw.random(number) < 0.3, column("brand: asked for")] = np.nan
    rows[:, column("sparse: rank")] = np.nan
    rows[:, column("query: corrected")] = 1.0
    follows = rows[:, column(taught)] if taught else draw.standard_normal(number)
    follows = follows + noise * draw.standard_normal(number)
    grades = np.digitize(follows, [0.5, 1.0, 1.5]).astype(np.float64)
    known = np.where(draw.random(number) < judged, grades, np.nan)
    bounds = np.arange(0, number + 1, size)
    best = [np.sort(known[a:b][np.isfinite(known[a:b])])[::-1] for a, b in pairwise(bounds)]
    return RankingTable(
        tuple(f"q{at}" for at in range(queries)),
        bounds,
        rows,
        known,
        tuple(tuple(some.tolist()) for some in best),
    )
