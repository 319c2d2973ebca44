"""Another catalogue → rows: nothing was trained, tuned or chosen on it. Pure but for the reranker."""

from __future__ import annotations

from typing import Any

from aisle.mappings import BM25
from aisle.search import CascadeStage
from benchmarks.search_quality_fused import fused_alike
from benchmarks.search_quality_measure import Home
from benchmarks.search_quality_rerank import TOP, reranked
from benchmarks.search_quality_rungs import TUNED, Rung, ids_of, name_of, worded
from benchmarks.search_quality_shop import Asked, Shop
from benchmarks.search_quality_table import OUTSIDE, STUDENT, rung_rows


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
