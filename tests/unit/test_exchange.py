"""What other tools write is read, what they take is written to the letter, what they cannot hold is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import aisle
from aisle.cli.judgments import app
from aisle.errors import InputError
from aisle.evaluation import read_judged_set

PLYWOOD = 'plywood 3/4" <birch>'


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    folder = tmp_path / "judged"
    (folder / "qrels").mkdir(parents=True)
    rows = [("q1", "cordless drill"), ("q2", PLYWOOD), ("q3", "-20 v  saw"), ("q4", "cordless drill")]
    lines = [json.dumps({"_id": identity, "text": text}) for identity, text in rows]
    (folder / "queries.jsonl").write_text("\n".join(lines))
    (folder / "qrels" / "dev.tsv").write_text("q1 a 3\nq1 b 0\nq2 c,d 1.5\nq3 e 2\nq4 a 1\nq4 f 2\n")
    return folder


def test_to_the_workbench(judged: Path, tmp_path: Path) -> None:
    found = aisle.convert_judgments(judged, tmp_path / "srw", "srw", name='the "shop" ' + "x" * 60)
    assert (found.source, found.queries, found.judgments) == ("beir", 4, 6)
    body = json.loads((tmp_path / "srw" / "judgments.json").read_text())
    assert body["type"] == "IMPORT_JUDGMENT"
    assert body["name"].startswith("the  shop  x") and len(body["name"]) == 50
    assert body["judgmentRatings"] == [
        {
            "query": "cordless drill",
            "ratings": [
                {"docId": "a", "rating": "3.0"},
                {"docId": "b", "rating": "0.0"},
                {"docId": "f", "rating": "2.0"},
            ],
        },
        {"query": "plywood 3/4 birch", "ratings": [{"docId": "c,d", "rating": "1.5"}]},
        {"query": "-20 v saw", "ratings": [{"docId": "e", "rating": "2.0"}]},
    ]
    queries = json.loads((tmp_path / "srw" / "query_set.json").read_text())
    assert (queries["sampling"], queries["querySetQueries"][1]) == (
        "manual",
        {"queryText": "plywood 3/4 birch"},
    )
    told = {change.what: (change.count, change.example) for change in found.changes}
    assert told.pop('the signs " \\ < > in texts of queries became spaces: the workbench refuses them') == (
        1,
        PLYWOOD,
    )
    assert told.pop("queries of one text became one query") == (1, "cordless drill")
    assert told.pop("two grades of one pair, the higher is kept") == (1, "cordless drill a")
    assert [count for count, _ in told.values()] == [1]


def test_to_quepid_as_quepid_writes_it(judged: Path, tmp_path: Path) -> None:
    aisle.convert_judgments(judged, tmp_path / "q.csv", "quepid-csv")
    assert (tmp_path / "q.csv").read_text().splitlines() == [
        "query,docid,rating",
        "cordless drill,a,3",
        "cordless drill,b,0",
        "cordless drill,f,2",
        '"plywood 3/4"" <birch>","c,d",1.5',
        " -20 v saw,e,2",
    ]
    aisle.convert_judgments(judged, tmp_path / "q.ltr", "ltr")
    assert (tmp_path / "q.ltr").read_text().splitlines()[:2] == [
        "3 qid:1 # a cordless drill",
        "0 qid:1 # b cordless drill",
    ]


def test_quepid_csv_of_older_versions_and_queries_without_ratings(tmp_path: Path) -> None:
    (tmp_path / "case.csv").write_text("query,docid,rating\nsaw\ndrill,,\n =sum,7,2.0\ndrill,8,0.25")
    found = aisle.convert_judgments(tmp_path / "case.csv", tmp_path / "judged", "beir")
    assert (found.source, found.queries, found.judgments) == ("quepid-csv", 3, 2)
    judged = read_judged_set(tmp_path / "judged")
    assert {query.id: query.text for query in judged.queries} == {"2": "drill", "3": "=sum"}
    assert judged.qrels == {"2": {"8": 0.25}, "3": {"7": 2}}
    assert [(change.count, change.example) for change in found.changes] == [(1, "saw")]


def test_the_answer_of_the_workbench_is_read(tmp_path: Path) -> None:
    ratings = [{"docId": "a", "rating": "0.75"}, {"docId": "b", "rating": 1}]
    source = {"id": "1", "judgmentRatings": [{"query": "drill", "ratings": ratings}]}
    (tmp_path / "answer.json").write_text(json.dumps({"took": 1, "hits": {"hits": [{"_source": source}]}}))
    found = aisle.convert_judgments(tmp_path / "answer.json", tmp_path / "q.json", "quepid-json")
    assert found.source == "srw"
    written = json.loads((tmp_path / "q.json").read_text())
    assert written == {"queries": [{"query": "drill", "ratings": {"a": 0.75, "b": 1}}]}


def test_trec_needs_texts(judged: Path, tmp_path: Path) -> None:
    found = aisle.convert_judgments(judged, tmp_path / "q.trec", "trec")
    assert (tmp_path / "q.trec").read_text().splitlines()[2] == "q2 0 c,d 2"
    assert [change.count for change in found.changes] == [4, 1]
    with pytest.raises(InputError, match="hold no texts") as caught:
        aisle.convert_judgments(tmp_path / "q.trec", tmp_path / "back", "beir")
    assert "--queries" in (caught.value.fix or "")
    texts = judged / "queries.jsonl"
    assert (
        aisle.convert_judgments(tmp_path / "q.trec", tmp_path / "back", "beir", queries=texts).judgments == 6
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "query,docid,rating\nq,a,3\nq,a,2\n", "line 3: 'q a' is judged twice"),
        ("a.csv", "query,docid,rating\nq,a,high\n", "line 2: the grade 'high' is not a number"),
        ("a.csv", "query,docid,rating\nq,a,1,2\n", "line 2: 4 columns instead of 3"),
        ("a.csv", 'query,docid,rating\nq,"a,1\n', "line 2"),
        ("a.csv", "query,docid,rating\n,a,1\n", "line 2: a query without a text"),
        ("a.csv", "query,docid,rating\nq,,1\n", "line 2: a judgment without the id of an item"),
        ("a.csv", "query,docid,rating\n", "holds no queries"),
        ("a.json", '{"queries": [{"query": "q", "ratings": [1]}]}', "query 1: its ratings are no object"),
        ("a.json", '{"queries": [3]}', "query 1: a query without a text"),
        ("a.json", '{"queries": [{"query": "q", "ratings": {"a": true}}]}', "a grade that is not a number"),
        ("a.json", '{"judgmentRatings": {"q": 1}}', "'judgmentRatings' is no list"),
        ("a.json", "{", "is not JSON"),
        ("a.json", "[1]", "cannot tell the format"),
        ("a.ltr", "3 qid:1 # a drill\n3 qid:1 # b saw\n", "line 2: qid:1 has two texts"),
        ("a.ltr", "3 qid:1 # a drill\n2 qid:1 # a drill\n", "line 2: 'a' is judged twice"),
        ("a.ltr", "3 qid:1 1:0.5 # a drill\nq a\n", "line 2: not 'grade qid:number"),
        ("a.txt", "what is this\n", "cannot tell the format of a.txt"),
    ],
)
def test_bad_sources(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        aisle.convert_judgments(tmp_path / name, tmp_path / "out", "beir")
    assert caught.value.fix
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_nothing_is_overwritten_and_nothing_empty_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("query,docid,rating\nq,the id,3\nr,,\n")
    with pytest.raises(InputError, match="exists already"):
        aisle.convert_judgments(tmp_path / "a.csv", tmp_path / "a.csv", "ltr")
    with pytest.raises(InputError, match="nothing is left to write"):
        aisle.convert_judgments(tmp_path / "a.csv", tmp_path / "a.ltr", "ltr")
    with pytest.raises(InputError, match="no format 'excel'"):
        aisle.convert_judgments(tmp_path / "a.csv", tmp_path / "b", "excel")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_the_command_tells_what_changed(judged: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["convert", str(judged), str(tmp_path / "a"), "--to", "srw"])
    assert done.exit_code == 0
    assert "4 queries and 6 judgments from beir to srw" in done.stdout
    assert "queries of one text became one query (1, such as 'cordless drill')" in done.stderr
    done = CliRunner().invoke(app, ["convert", str(judged), str(tmp_path / "b"), "--to", "trec", "--json"])
    assert json.loads(done.stdout)["changes"][1]["example"] == "1.5 to 2"
