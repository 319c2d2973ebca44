"""The learned ranking benchmark on rows of a known order, and its tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aisle.search.rank.features import FEATURES
from aisle.training.ranking.table import RankingTable
from benchmarks.harness.result_file import HIGHER, BenchmarkResult, Goal
from benchmarks.learned_ranking import measure
from benchmarks.learned_ranking.measure import FUSION, GROUPS, IDEAS, RANKER, attempts, judged_alone, measured
from benchmarks.learned_ranking.table import ranking_ladder, ranking_parts, ranking_sizes, ranking_speed
from tests.support.ranking_tables import column, ranking_rows


def test_every_group_and_idea_names_features() -> None:
    for beginnings in (*GROUPS.values(), *IDEAS.values()):
        assert any(feature.name.startswith(beginnings) for feature in FEATURES)


def test_the_judged_pool_leaves_out_what_nobody_judged() -> None:
    table = RankingTable(
        ("q",), np.array([0, 4]), ranking_rows(1, 4).rows, np.array([np.nan, 1, np.nan, 3]), ((3, 3, 1),)
    )
    pool = judged_alone(table)
    assert pool.grades.tolist() == [1, 3]
    assert pool.judged == ((3, 1),)
    best = measured(table, np.array([4.0, 1.0, 3.0, 2.0]))
    assert best.pool == 1.0
    assert best.at_10[0] == pytest.approx((7 / np.log2(4) + 1 / np.log2(5)) / (7 + 7 / np.log2(3) + 1 / 2))


def test_rows_and_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = replace(measure.TREES, trees=10, least_in_leaf=5, rate=0.3)
    monkeypatch.setattr(measure, "TREES", quick)
    monkeypatch.setattr(measure, "SIZES", (30, 10_000))
    train, dev = ranking_rows(60), ranking_rows(20, seed=1)
    rows = [*measure.ladder(train, dev), *measure.sizes(train, dev), *measure.parts(train, dev)]
    by_name = {row["system"]: row for row in rows}
    assert by_name[RANKER]["nDCG@20"] > by_name[FUSION]["nDCG@20"] + 0.1
    assert by_name[RANKER]["p"] < 0.05
    lost = by_name["without: cosine of every candidate, exactly"]
    assert lost["nDCG@20"] < by_name[measure.EVERYTHING]["nDCG@20"] - 0.1
    assert len(attempts(rows)) == len(IDEAS)
    assert [row["system"] for row in rows if row["part"] == "sizes"] == [
        "30 queries, trees",
        "30 queries, linear",
    ]
    rows.append(
        {"part": "speed", "system": "trees", "p50_ms": measure.speed(measure.trained(train, quick)[0], dev)}
    )
    result = BenchmarkResult(
        "learned-ranking", "c", "d", "cpu", "2026-11-30T00:00:00", "cpu", rows, [], [Goal("g", 1, 1, HIGHER)]
    )
    shown = "\n".join(draw(result) for draw in (ranking_ladder, ranking_sizes, ranking_parts, ranking_speed))
    assert f"| {RANKER} | 20 |" in shown
    assert "| 30 queries, linear |" in shown
    assert "without: first words and brands" in shown
    assert "| trees |" in shown
    assert dev.rows[:, column("query: corrected")].all()
