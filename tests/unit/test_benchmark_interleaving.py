"""The benchmark of interleaving: its probabilities are those of the functions that are measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aisle.evaluation.clicks import SimulationOptions, simulate
from aisle.evaluation.experiments.interleaving import Drafted, Team, preference
from benchmarks.harness.result_file import HIGHER, BenchmarkResult, Goal
from benchmarks.releases.interleaving import found, interleaving_table, make_pair, searches_for, signs


def test_probabilities_of_a_preference_are_those_of_drawn_clicks() -> None:
    rng = np.random.default_rng(1)
    clicks, teams = rng.random(6) / 2, np.array([True, False, False, True, True, False])
    drafted = [Drafted(str(at), Team(int(team))) for at, team in enumerate(teams)]
    drawn = [
        preference(drafted, [str(at) for at in np.flatnonzero(rng.random(6) < clicks)]) for _ in range(20_000)
    ]
    shares = [drawn.count(one) / len(drawn) for one in (-1, 0, 1)]
    assert signs(clicks, teams) == pytest.approx(shares, abs=0.015)
    assert signs(clicks, teams).sum() == pytest.approx(1)


def test_a_better_ranking_is_seen_and_rankings_alike_are_not() -> None:
    shop = simulate(SimulationOptions(queries=40, items=20))
    better = make_pair(shop, 0.5, np.random.default_rng(0))
    assert better.ndcg[1] > better.ndcg[0] + 0.05 and better.clicked[1].mean() > better.clicked[0].mean()
    for kind in ("interleaving", "split"):
        p, right = found(better, kind, 20_000, np.random.default_rng(1))
        assert p < 1e-6 and right
    alike = make_pair(shop, 1.0, np.random.default_rng(0))
    assert alike.ndcg[0] == alike.ndcg[1]
    # The coin gives both the first place as often, up to the drafts that were drawn.
    assert abs(alike.speaks[:, 0].mean() - alike.speaks[:, 2].mean()) < 0.02


def test_searches_are_read_off_between_the_points_of_a_curve() -> None:
    assert searches_for({"100": 0.2, "400": 0.8}) == 400
    assert searches_for({"100": 0.6, "400": 1.0}) == 200
    assert searches_for({"100": 0.9}) == 100
    assert searches_for({"100": 0.1, "400": 0.7}) is None


def test_the_table_holds_both_ways_of_each_arm() -> None:
    row: dict[str, Any] = {
        "topic": "interleaving",
        "noise": 0.9,
        "ndcg_control": 0.6,
        "ndcg_arm": 0.7,
        "curve": {},
    }
    rows: list[dict[str, Any]] = [
        {**row, "kind": "interleaving", "searches": 200},
        {**row, "kind": "split", "searches": 1_800},
        {"topic": "interleaving", "kind": "split", "alike": True, "significant": 0.05},
        {"topic": "other"},
    ]
    goals = [Goal("times", 9.0, 10, HIGHER)]
    result = BenchmarkResult("releases", "x", "abc", "cpu", "2026-11-30", "cpu", rows, [], goals)
    shown = interleaving_table(result)
    assert "| a part of the same | 0.600 | 0.700 | 200 | 1,800 | 9.0 |" in shown and "split 5.0%" in shown
