"""A ranker that a second's training makes: one feature decides."""

from __future__ import annotations

from functools import cache

from aisle.search.rank.ranker import Ranker
from aisle.training.ranking.fit import fit
from aisle.training.ranking.settings import RankerSettings
from tests.support.ranking_tables import ranking_rows

DEPTH = 50


@cache
def tiny_ranker(taught: str = "title: words") -> Ranker:
    """Trees of the library's own, over the best `DEPTH`: more of the taught feature comes first."""
    table = ranking_rows(taught=taught)
    model = fit(table, RankerSettings(trees=15, least_in_leaf=10, rate=0.3))
    return Ranker("tiny", "ab" * 32, model, DEPTH)
