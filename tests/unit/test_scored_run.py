"""Run files with raw scores: what is written reads back to the last bit, and what is no run is named."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from aisle.errors import EvaluationError, InputError
from aisle.evaluation.runs import ScoredRun, read_scored_run, write_scored_run
from tests.support.command import listing


def test_scores_read_back_to_the_last_bit(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="above that of a better rank"):
        ScoredRun("bm25", {"q1": {"b": 0.1 + 0.2, "a": 1 / 3}})
    run = ScoredRun("bm25", {"q1": {"a": 1 / 3, "b": 0.1 + 0.2, "c": 1e-300}, "q2": {"b": -2.5, "a": -2.5}})
    write_scored_run(run, tmp_path / "bm25.run")
    read = read_scored_run(tmp_path / "bm25.run")
    assert read == run
    # Equal scores keep their order, which equality of mappings does not tell.
    assert list(read.rankings["q2"]) == ["b", "a"]
    assert (tmp_path / "bm25.run").read_text().splitlines()[1] == f"q1 Q0 b 2 {0.1 + 0.2!r} bm25"


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_refused(score: float) -> None:
    with pytest.raises(EvaluationError, match=r"query 'q1': the score \S+ of 'a' is not finite"):
        ScoredRun("bm25", {"q1": {"a": score}})


@pytest.mark.parametrize("name", ["", "two words"])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(EvaluationError, match="cannot name a run"):
        ScoredRun(name, {})


def test_an_id_with_a_space_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="do not fit a TREC run"):
        write_scored_run(ScoredRun("bm25", {"q": {"a": 2.0, "b c": 1.0}}), tmp_path / "bm25.run")
    assert listing(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("q Q0 a 1 2.0\n", "line 1: 5 columns instead of 6"),
        ("q Q0 a 1 high bm25\n", "line 1: 'high' is not a number"),
        ("q Q0 a 1 2 bm25\nq Q0 a 2 1 bm25\n", "line 2: 'a' is listed twice"),
        ("\n \n", "holds no results"),
        ("", "is empty"),
    ],
)
def test_a_file_that_is_no_run_is_named(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "bm25.run").write_text(content)
    with pytest.raises(InputError, match=said) as refused:
        read_scored_run(tmp_path / "bm25.run")
    assert refused.value.fix


@pytest.mark.parametrize("score", ["nan", "inf"])
def test_a_file_with_a_score_that_has_no_place_is_refused(tmp_path: Path, score: str) -> None:
    (tmp_path / "bm25.run").write_text(f"q Q0 a 1 {score} bm25\n")
    with pytest.raises(EvaluationError, match="not finite"):
        read_scored_run(tmp_path / "bm25.run")
