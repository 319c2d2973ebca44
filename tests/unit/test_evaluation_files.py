"""Runs, judgments and queries: round trips and what a bad row says."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from aisle.errors import EvaluationError, InputError
from aisle.evaluation import (
    Run,
    as_qrels,
    read_judged_set,
    read_qrels,
    read_queries,
    read_run,
    write_qrels,
    write_queries,
    write_run,
)
from aisle.types import Judgment, Query


def _file(folder: Path, text: str | bytes, name: str = "file") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_qrels_in_both_layouts(tmp_path: Path) -> None:
    expected = {"q1": {"a": 3, "b": 0}, "q2": {"a": 1}}
    beir = _file(tmp_path, "query-id\tcorpus-id\tscore\nq1\ta\t3\nq1\tb\t0\n\nq2\ta\t1\n", "b.tsv")
    trec = _file(tmp_path, gzip.compress(b"q1 0 a 3\r\nq1 0 b -1\r\nq2 0 a 1\r\n"), "t.gz")
    assert read_qrels(beir) == read_qrels(trec) == expected
    write_qrels(expected, tmp_path / "new" / "dev.tsv")
    assert read_qrels(tmp_path / "new" / "dev.tsv") == expected
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["dev.tsv"]


def test_broken_grades_are_read_and_whole_ones_stay_whole(tmp_path: Path) -> None:
    qrels = read_qrels(_file(tmp_path, "q a 2.5\nq b 3.0\nq c -0.5\nq d 1e-3\n"))
    assert qrels == {"q": {"a": 2.5, "b": 3, "c": 0, "d": 0.001}}
    assert [type(grade) for grade in qrels["q"].values()] == [float, int, int, float]


def test_as_qrels_keeps_the_higher_grade() -> None:
    assert as_qrels([Judgment("q", "a", 1), Judgment("q", "a", 3), Judgment("q", "a", 2)]) == {"q": {"a": 3}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q a 3\nq b x\n", "line 2: the grade 'x' is not a number"),
        ("q a 3\nq b nan\n", "line 2: the grade nan is not a number up to 15"),
        ("q a inf\n", "line 1: the grade inf"),
        ("q a 15.5\n", "line 1: the grade 15.5"),
        ("q a 16\n", "line 1: the grade 16"),
        ("q a\n", "line 1: 2 columns"),
        ("q a 1\nq a 2\n", "line 2: 'q a' is judged twice"),
        ("\ta\t1\n", "line 1: an empty id"),
        ("query-id\tcorpus-id\tscore\n", "holds no judgments"),
        (b"q \xff 1\n", "line 1: it is not UTF-8"),
        ("", "is empty"),
    ],
)
def test_bad_qrels(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_qrels(_file(tmp_path, text))
    assert caught.value.fix


def test_run_round_trip_keeps_the_list_order(tmp_path: Path) -> None:
    run = Run("bm25", {"q1": ["b", "a", "c"], "q2": ["z"]})
    write_run(run, tmp_path / "r.trec")
    assert read_run(tmp_path / "r.trec") == run
    assert (tmp_path / "r.trec").read_text().splitlines()[0] == "q1 Q0 b 1 3 bm25"


def test_equal_scores_fall_back_to_the_rank(tmp_path: Path) -> None:
    path = _file(tmp_path, "q Q0 a 2 1.5 s\nq Q0 b 1 1.5 s\nq Q0 c 3 9 s\n")
    assert read_run(path).rankings == {"q": ["c", "b", "a"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q Q0 a 1 2.0\n", "line 1: 5 columns"),
        ("q Q0 a 1 2 s\nq Q0 a 2 1 s\n", "line 2: 'a' is listed twice"),
        ("q Q0 a 1 high s\n", "line 1: 'high' is not a number"),
        ("q Q0 a 1 nan s\n", "line 1: a score is NaN"),
        (" \n", "holds no results"),
    ],
)
def test_bad_runs(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_run(_file(tmp_path, text))


def test_a_run_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="do not fit"):
        write_run(Run("s", {"q": ["a", "b c"]}), tmp_path / "r.trec")
    assert list(tmp_path.iterdir()) == []


def test_runs_are_checked() -> None:
    with pytest.raises(EvaluationError, match="an item twice"):
        Run("s", {"q": ["a", "a"]})
    with pytest.raises(EvaluationError, match="cannot name a run"):
        Run("two words", {})


def test_queries(tmp_path: Path) -> None:
    queries = [Query("1", "red shoe"), Query("2", "café ☕")]
    write_queries(queries, tmp_path / "q.jsonl")
    assert read_queries(tmp_path / "q.jsonl") == queries
    assert read_queries(_file(tmp_path, "1\tred shoe\n2\tcafé ☕\n")) == queries


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"_id": "1", "text": "a"}\n{"_id": "1", "text": "b"}', "line 2: the id '1' occurs twice"),
        ('{"_id": "1", "text": ', "line 1: invalid JSON"),
        ('{"_id": "1", "text": " "}', "line 1: no id or no text"),
        ("one column\n", "line 1: no id or no text"),
    ],
)
def test_bad_queries(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_queries(_file(tmp_path, text))


@pytest.mark.parametrize("read", [read_qrels, read_run, read_queries])
def test_no_such_file(tmp_path: Path, read: Callable[[Path], object]) -> None:
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "none")
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)


def test_judged_set(tmp_path: Path) -> None:
    _file(tmp_path, '{"_id": "1", "text": "a"}\n{"_id": "2", "text": "b"}\n', "queries.jsonl")
    _file(tmp_path, "2\tx\t3\n", "qrels/dev.tsv")
    judged = read_judged_set(tmp_path, "dev")
    assert (judged.queries, judged.qrels) == ((Query("2", "b"),), {"2": {"x": 3}})
    with pytest.raises(InputError, match=r"split 'test' \(found: dev\)"):
        read_judged_set(tmp_path, "test")
    _file(tmp_path, "3\tx\t3\n", "qrels/dev.tsv")
    with pytest.raises(EvaluationError, match=r"1 judged queries are not in queries\.jsonl"):
        read_judged_set(tmp_path, "dev")
