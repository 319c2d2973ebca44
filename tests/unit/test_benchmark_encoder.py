"""The encoder benchmarks' goals and tables, from figures to Markdown."""

from __future__ import annotations

import pytest

from aisle.evaluation.encoders.cost import Cost
from benchmarks.encoder.figures import changes, costs, ladder, summary, widths
from benchmarks.encoder.run import BASE, FP32, SERVED
from benchmarks.encoder.table import cost_goals, homedepot_goals, review_goals
from benchmarks.harness.result_file import CPU, BenchmarkResult, Goal, trials


def rung(main: float, deep: float, narrow: float) -> dict[str, float]:
    names = ("nDCG@10", "nDCG@20", "R@10", "R@200")
    full = dict(zip(names, (main, main, deep, deep), strict=True))
    cut = dict(zip(names, (main, main, narrow, narrow), strict=True))
    return {f"shop/{w}/{k}": v for w, values in ((384, full), (64, cut)) for k, v in values.items()}


RUNGS = {BASE: rung(0.2, 0.6, 0.3), FP32: rung(0.4, 0.8, 0.72), SERVED: rung(0.396, 0.8, 0.76)}
COSTS = (
    Cost("int8-static onnxruntime", 25, 1.0, 900.0),
    Cost("fp32 onnxruntime", 100, 3.0, 320.0),
    Cost("fp32 torch", 100, 9.0, 300.0),
)


def result() -> BenchmarkResult:
    exact = {"nDCG@10": 0.4, "R@200": 0.8}
    graph = {"engine": "faiss HNSW", "change": {"nDCG@10": -0.001, "R@200": 0.0}, "overlap": 0.99}
    comparison = {"metric": "nDCG@10", "delta": 0.2, "p": 0.001, "wins": 3, "losses": 1}
    return BenchmarkResult(
        benchmark="encoder-shop",
        command="python -m benchmarks.encoder",
        commit="0" * 40,
        cpu="a CPU",
        date="2026-11-21T00:00:00+00:00",
        where=CPU,
        rows=[
            *({"rung": name, **figures} for name, figures in RUNGS.items()),
            {"width": 384, "exact": exact, "graphs": [graph]},
            {"width": 64, "exact": {"nDCG@10": 0.3, "R@200": 0.76}, "graphs": [graph]},
            *({"cost": cost.name, **cost.to_json()} for cost in COSTS),
            {
                "change": "shop",
                "dataset": "shop",
                "outside": False,
                "base": {"nDCG@10": 0.2},
                "model": {"nDCG@10": 0.4},
                "comparisons": [comparison],
            },
        ],
        attempts=[{"domain": "shop", "trial": "a | b", "figure": ".3", "kept": "no"}],
        goals=homedepot_goals(RUNGS, "shop"),
    )


def test_goals_are_ratios_of_the_same_run() -> None:
    values = {goal.name: goal for goal in [*homedepot_goals(RUNGS, "shop"), *cost_goals(COSTS)]}
    assert values["64-d keeps of the full width's R@200"].value == pytest.approx(0.95)
    assert values["share of nDCG@10 that INT8 loses"].value == pytest.approx(0.01)
    assert not values["share of nDCG@10 that INT8 loses"].met
    assert values["bulk, times fp32 torch"].value == pytest.approx(3.0)
    assert values["size, share of fp32"].met
    assert values["query p50, share of fp32 ONNX"].met


def test_review_goals_read_their_own_task() -> None:
    served = {"easy/384/R@10": 0.71, "hard/384/R@10": 0.1}
    assert [goal.met for goal in review_goals({SERVED: served}, "easy", "hard")] == [True, False]


def test_tables_show_every_rung_and_what_was_tried() -> None:
    text = ladder(result())
    assert [line.split("|")[1].strip() for line in text.splitlines()[2:5]] == [BASE, FP32, SERVED]
    assert "a \\| b" in text
    assert "0.7600" in text


def test_the_other_tables() -> None:
    one = result()
    assert "| 64 | 0.3000 | 0.7600 | 0.950 |" in widths(one)
    assert "| fp32 torch | 0.0001 | 9.00 | 300 | 3.00 |" in costs(one)
    assert "| shop | nDCG@10 | 0.2000 | 0.4000 | +0.2000 | 0.0010 |" in changes(one)
    assert "trained, as served" in summary(one)
    assert all(isinstance(goal, Goal) for goal in one.goals)


@pytest.mark.parametrize("domain", ["homedepot", "reviews"])
def test_every_trial_has_a_figure(domain: str) -> None:
    found = trials("encoder", domain)
    assert len(found) >= 1
    assert all(one["trial"] and one["figure"] and one["kept"] for one in found)
