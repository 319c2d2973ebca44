"""Each metric against a value worked out by hand."""

import math

import pytest

from aisle.errors import EvaluationError
from aisle.evaluation import Run, answerable, evaluate

QRELS = {"q1": {"a": 3, "b": 2, "c": 1, "d": 0}, "q2": {"a": 2, "e": 1}, "hopeless": {"c": 1}}


def test_ndcg_has_exponential_gains() -> None:
    scores = evaluate(Run("s", {"q1": ["c", "x", "a", "b"], "q2": ["a"]}), QRELS, ["nDCG@3", "nDCG@10"])
    ideal_3 = 7 + 3 / math.log2(3) + 1 / 2
    assert scores.per_query["nDCG@3"]["q1"] == pytest.approx((1 + 7 / 2) / ideal_3)
    assert scores.per_query["nDCG@10"]["q1"] == pytest.approx((1 + 7 / 2 + 3 / math.log2(5)) / ideal_3)
    assert scores.per_query["nDCG@10"]["q2"] == pytest.approx(3 / (3 + 1 / math.log2(3)))


def test_recall_and_reciprocal_rank_count_grade_two_and_more() -> None:
    scores = evaluate(Run("s", {"q1": ["c", "x", "a"]}), {"q1": QRELS["q1"]}, ["R@2", "R@3", "RR@10", "RR@2"])
    assert scores.means() == pytest.approx({"R@2": 0, "R@3": 0.5, "RR@10": 1 / 3, "RR@2": 0})


def test_lower_bar_for_relevant() -> None:
    scores = evaluate(Run("s", {"q1": ["c", "x"]}), {"q1": QRELS["q1"]}, ["R@2", "RR@10"], relevant=1)
    assert scores.means() == pytest.approx({"R@2": 1 / 3, "RR@10": 1.0})


def test_judged_is_a_share_of_what_was_returned() -> None:
    scores = evaluate(Run("s", {"q1": ["d", "x", "y", "a"]}), {"q1": QRELS["q1"]}, ["Judged@2", "Judged@10"])
    assert scores.means() == pytest.approx({"Judged@2": 0.5, "Judged@10": 0.5})


def test_unanswerable_queries_are_left_out_and_missing_ones_are_zero() -> None:
    run = Run("s", {"q1": ["a", "b", "c"], "unjudged": ["a"], "hopeless": ["c"]})
    scores = evaluate(run, QRELS, ["nDCG@10"])
    assert set(answerable(QRELS)) == {"q1", "q2"}
    assert (scores.queries, scores.missing) == (2, 1)
    assert scores.per_query["nDCG@10"] == pytest.approx({"q1": 1.0, "q2": 0.0})
    kept = evaluate(run, QRELS, ["nDCG@10"], keep_unanswerable=True)
    assert kept.mean("nDCG@10") == pytest.approx(2 / 3)


def test_a_query_that_found_nothing_scores_zero() -> None:
    scores = evaluate(Run("s", {"q1": [], "q2": ["a"]}), QRELS, ["nDCG@10", "Judged@10", "R@10"])
    assert [scores.per_query[m]["q1"] for m in scores.per_query] == [0, 0, 0]
    assert scores.per_query["R@10"]["q2"] == 1


def test_broken_grades() -> None:
    qrels = {"q": {"a": 0.5, "b": 2.25, "c": 1.5}}
    run = Run("s", {"q": ["a", "b", "x", "c"]})
    scores = evaluate(run, qrels, ["nDCG@2", "R@2", "P@2"], relevant=1.5)
    ideal = 2**2.25 - 1 + (2**1.5 - 1) / math.log2(3)
    expected = (2**0.5 - 1 + (2**2.25 - 1) / math.log2(3)) / ideal
    assert scores.means() == pytest.approx({"nDCG@2": expected, "R@2": 0.5, "P@2": 0.5})


@pytest.mark.parametrize("name", ["nDCG", "ndcg@10", "R@0", "Recall@10", "nDCG@-1", ""])
def test_unknown_metric(name: str) -> None:
    with pytest.raises(EvaluationError, match="unknown metric"):
        evaluate(Run("s", {"q1": ["a"]}), QRELS, [name])


def test_a_run_for_other_queries_is_refused() -> None:
    with pytest.raises(EvaluationError, match="answers none of the judged queries"):
        evaluate(Run("s", {"z": ["a"]}), QRELS)


def test_nothing_relevant_or_grades_out_of_range() -> None:
    run = Run("s", {"q": ["a"]})
    with pytest.raises(EvaluationError, match="no query has an item of grade 2"):
        evaluate(run, {"q": {"a": 1}})
    with pytest.raises(EvaluationError, match="out of range"):
        evaluate(run, {"q": {"a": 99}})
    with pytest.raises(EvaluationError, match="relevant = 0"):
        evaluate(run, {"q": {"a": 2}}, relevant=0)
