"""Comparisons and reports."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import permutation_test

from aisle.errors import EvaluationError
from aisle.evaluation import Run, Scores, compare, evaluate, report
from aisle.evaluation.significance import paired_randomisation_test

QRELS = {f"q{i}": {"good": 3, "fair": 2, "bad": 0} for i in range(4)}
BASE = Run("bm25", {q: ["good", "bad", "fair"] for q in QRELS})
NEW = Run(
    "hybrid", {"q0": ["good", "fair"], "q1": ["good", "fair"], "q2": ["bad"], "q3": ["good", "bad", "fair"]}
)


def _scores() -> tuple[Scores, Scores]:
    return evaluate(BASE, QRELS), evaluate(NEW, QRELS)


def test_exact_p_value_of_three_differences() -> None:
    # Sums of +-1 +-2 +-4: only 7 and -7 are as extreme, 2 of 8 patterns.
    assert paired_randomisation_test([1, 2, 4, 5], [0, 0, 0, 5]) == 0.25
    # 1 and -1 of (1, -1, 1) have 3 + 3 patterns of |1| and 2 of |3|: all 8.
    assert paired_randomisation_test([1, 0, 1], [0, 1, 0]) == 1.0


def test_a_clear_difference_over_many_queries() -> None:
    assert paired_randomisation_test([1.0] * 50, [0.0] * 50) == pytest.approx(1 / 10_001)
    with pytest.raises(EvaluationError, match="cannot be paired"):
        paired_randomisation_test([1.0], [1.0, 2.0])
    with pytest.raises(EvaluationError, match="not finite"):
        paired_randomisation_test([1.0], [float("nan")])


@pytest.mark.parametrize("queries", [5, 13, 40, 400])
def test_p_values_are_those_of_scipy(queries: int) -> None:
    """Exact for up to 13 differing queries, else within the error of 10,000 draws on either side."""
    rng = np.random.default_rng(queries)
    # Coarse values make ties of many sign patterns: they must count as extreme there and here.
    ours = rng.integers(0, 6, queries) / 5
    theirs = np.clip(ours + rng.choice([-0.2, 0, 0.2, 0.2], queries), 0, 1)
    deltas = (ours - theirs)[ours != theirs]
    extreme = abs(deltas.sum()) - 1e-9
    reference = permutation_test(
        (deltas,),
        lambda flipped, axis: (np.abs(flipped.sum(axis=axis)) >= extreme).astype(float),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf if queries <= 13 else 10_000,
        batch=1000,
        alternative="greater",
        random_state=3,
    ).pvalue
    p = paired_randomisation_test(ours.tolist(), theirs.tolist())
    if queries <= 13:
        assert p == reference
    else:
        assert abs(p - reference) <= 5 * math.sqrt(2 * reference * (1 - reference) / 10_000) + 1e-4


def test_compare_names_the_queries_that_moved() -> None:
    comparison = compare(*_scores())
    assert (comparison.wins, comparison.losses) == (2, 1)
    assert [query for query, _ in comparison.worst()] == ["q2"]
    assert [query for query, _ in comparison.best(1)] == ["q0"]
    assert comparison.delta == pytest.approx(sum(comparison.deltas.values()) / 4)
    assert comparison.delta < 0


def test_compare_needs_the_same_queries_and_metrics() -> None:
    base, new = _scores()
    with pytest.raises(EvaluationError, match="nDCG@5 was not scored"):
        compare(base, new, "nDCG@5")
    fewer = evaluate(BASE, {"q0": QRELS["q0"]})
    with pytest.raises(EvaluationError, match="other queries"):
        compare(base, fewer)


def test_report_as_json(tmp_path: Path) -> None:
    made = report(_scores(), dataset="toy", split="dev", p50_ms={"bm25": 2.5})
    made.write(tmp_path / "eval.json")
    found = json.loads((tmp_path / "eval.json").read_text())
    assert (found["dataset"], found["split"], found["queries"]) == ("toy", "dev", 4)
    assert {"nDCG@10", "nDCG@20", "R@10", "R@200", "p50_ms"} <= found["systems"]["bm25"].keys()
    assert found["systems"]["bm25"]["p50_ms"] == 2.5
    assert found["systems"]["hybrid"]["p50_ms"] is None
    assert found["systems"]["bm25"]["R@10"] == 1.0
    assert found["comparisons"][0]["system"] == "hybrid"
    assert 0 < found["comparisons"][0]["p"] <= 1


def test_report_as_markdown() -> None:
    text = report(_scores(), dataset="toy", split="dev", p50_ms={"bm25": 2.5}).to_markdown(
        {"q2": "red | shoe"}
    )
    assert "| system | nDCG@10 | nDCG@20 | R@10 | R@200 | RR@10 | Judged@10 | p50 ms |" in text
    assert "| red \\| shoe | -" in text
    assert "4 queries" in text


def test_report_refuses_nonsense() -> None:
    base, new = _scores()
    with pytest.raises(EvaluationError, match="no system 'x'"):
        report([base, new], dataset="toy", split="dev", baseline="x")
    with pytest.raises(EvaluationError, match="two systems of one name"):
        report([base, base], dataset="toy", split="dev")
    with pytest.raises(EvaluationError, match="other queries"):
        report([base, evaluate(NEW, {"q0": QRELS["q0"]})], dataset="toy", split="dev")
    assert report([base], dataset="toy", split="dev").comparisons == ()
