"""The learned ranking benchmark on rows of a known order, and its tables."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from aisle.evaluation.clicks import Method
from aisle.search.rank.features import FEATURES
from aisle.training.dense.stages.head import Targets
from aisle.training.ranking.table import RankingTable
from benchmarks.harness.result_file import HIGHER, BenchmarkResult, Goal
from benchmarks.learned_ranking import (
    bounds,
    ceiling,
    cross_encoder,
    heads,
    measure,
    no_judgments,
    teachers,
)
from benchmarks.learned_ranking.measure import FUSION, GROUPS, IDEAS, RANKER, attempts, judged_alone, measured
from benchmarks.learned_ranking.speed import cost_of_trees
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
        {"part": "speed", "system": "trees", "cpu_ms": cost_of_trees(measure.trained(train, quick)[0], dev)}
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


def test_shoppers_click_what_is_wanted_and_corrected_clicks_say_so() -> None:
    table = ranking_rows(20, 20, noise=0.0)
    log = no_judgments.clicks(table, no_judgments.Shoppers(searches=300), seed=3)
    assert log.shown.sum() == 20 * 300 * 20
    assert (log.clicked <= log.shown).all()
    assert log.position.max() == 19
    found = no_judgments.clicked_table(table, log, Method.IPS)
    shown = np.isfinite(found.grades)
    by_grade = [found.grades[shown & (table.grades == grade)].mean() for grade in (0, 3)]
    assert by_grade[1] > 4 * by_grade[0]
    # Places do not matter any more: good items are as good far below as they are on top.
    below = np.arange(len(table.rows)) % 20 >= 10
    deep, top = (found.grades[shown & (table.grades == 3) & part].mean() for part in (below, ~below))
    assert deep == pytest.approx(top, rel=0.35)


def test_bounds_keep_candidates_near_and_wide_ones_follow_the_model() -> None:
    table = ranking_rows(5, 10)
    base = bounds.standardised(table, table.fused())
    scores = bounds.standardised(table, -table.fused())
    assert base[:10].mean() == pytest.approx(0)
    assert base[:10].std() == pytest.approx(1)
    near = bounds.Blend(bound=0.05).of(base, scores)
    assert np.abs(near - base).max() <= 0.05 + 1e-6
    assert table.ndcg(bounds.Blend(bound=50.0).of(base, scores), 20) == pytest.approx(table.ndcg(scores, 20))
    assert np.array_equal(bounds.ALONE.of(base, scores), scores)
    assert bounds.Blend(weight=0.25).of(base, scores) == pytest.approx(0.5 * base)


def test_preferences_pair_a_judged_item_with_worse_ones_of_its_query() -> None:
    table = ranking_rows(6, 10, judged=0.8)
    fill = np.zeros(len(FEATURES), np.float32)
    data = bounds.preferred(table, table.fused(), fill, seed=1)
    features = bounds.filled(table, fill)
    grades = np.nan_to_num(table.grades)
    assert len(data)
    for user in range(len(data)):
        own = data.rows[data.offsets[user] : data.offsets[user + 1]]
        places = [int(np.flatnonzero((features == row).all(axis=1))[0]) for row in own]
        target = int(data.targets[user] - data.offsets[user])
        assert len({place // 10 for place in places}) == 1
        assert grades[places[target]] >= 2
        rest = [grades[place] for at, place in enumerate(places) if at != target]
        assert max(rest) < grades[places[target]]


def test_the_agreement_of_raters_is_found_again() -> None:
    for alpha in (np.array([1.0, 1.0, 1.0]), np.array([0.3, 0.4, 1.2])):
        assert ceiling.grade_shares(alpha).sum() == pytest.approx(1)
        _, grades, others = ceiling.opinions(alpha, 1)
        found = ceiling.agreement(grades.astype(np.float64))
        assert ceiling.grade_shares(found) == pytest.approx(ceiling.grade_shares(alpha), abs=0.005)
        assert 0.3 < np.corrcoef(grades, others)[0, 1] < 1
    # Raters who never differ: two panels say the same.
    _, first, second = ceiling.opinions(np.full(3, 0.001), 1)
    assert (first == second).mean() > 0.99


def test_queries_without_judgments_get_grades_by_rank() -> None:
    train, others = ranking_rows(40), ranking_rows(10, seed=5)
    model = measure.trained(train, replace(measure.TREES, trees=10, least_in_leaf=5, rate=0.3))[0]
    blank = replace(others, grades=np.full(len(others.rows), np.nan))
    labelled = teachers._labelled(blank, [model], train)
    assert labelled.ndcg(model.scores(blank.rows), 20).mean() > 0.9
    assert np.corrcoef(labelled.grades, others.grades)[0, 1] > 0.7
    both = teachers._joined(train, labelled)
    assert both.of_queries(np.arange(40, 50)).grades.tolist() == labelled.grades.tolist()


def test_soft_targets_are_shares_and_hold_both() -> None:
    hard = Targets(np.array([0, 0, 1]), np.array([4, 2, 9]), np.array([0.75, 0.25, 1], np.float32))
    found = heads.soft_targets(hard, [[4, 7], [8]], 0.5)
    assert found.query.tolist() == [0, 0, 0, 1, 1]
    assert found.item.tolist() == [2, 4, 7, 8, 9]
    soft = 0.5 * 4 / 9
    expected = [0.125, 0.375 + 0.5 - soft, soft, 0.5, 0.5]
    assert found.share == pytest.approx(expected)


def test_varied_queries_say_the_same_in_other_letters() -> None:
    chance = random.Random(1)
    made = [heads.varied_query("garden hose 50 ft", chance) for _ in range(60)]
    assert "garden hose 50ft" in made
    assert any(sorted(one.split()) == sorted(["garden", "hose", "50", "ft"]) for one in made)
    assert any("garden" not in one.split() for one in made)
    assert heads.varied_query("", chance) == ""


def test_a_mixture_moves_the_first_candidates_of_a_query_alone() -> None:
    table = ranking_rows(2, 4)
    before = np.array([4.0, 3.0, 2.0, 1.0, 1.0, 2.0, 3.0, 4.0])
    said = np.array([0.0, 9.0, np.nan, np.nan, np.nan, np.nan, 9.0, 0.0])
    assert cross_encoder.first(table, before, 2).tolist() == [True, True, *[False] * 4, True, True]
    kept, turned = (cross_encoder.mixed(table, before, said, 2, weight) for weight in (0.0, 1.0))
    for scores, orders in ((kept, ([0, 1, 2, 3], [3, 2, 1, 0])), (turned, ([1, 0, 2, 3], [2, 3, 1, 0]))):
        assert [np.argsort(-scores[at : at + 4]).tolist() for at in (0, 4)] == list(map(list, orders))
    level = cross_encoder.standardised(table, said)
    assert level[1] - level[0] == pytest.approx(2) and np.isnan(level[2])


def test_the_weight_of_a_mixture_is_that_of_the_better_order() -> None:
    table = ranking_rows(40)
    best, worst = np.nan_to_num(table.grades), -np.nan_to_num(table.grades)
    assert cross_encoder.best_weight(table, best, worst, 50) < 0.5
    assert cross_encoder.best_weight(table, worst, best, 50) == max(cross_encoder.WEIGHTS)
    held_out = cross_encoder.held_out(table)
    assert table.ndcg(held_out, 20).mean() > table.ndcg(table.fused(), 20).mean() + 0.1
