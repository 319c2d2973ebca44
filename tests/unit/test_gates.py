"""The verdict over a release: each gate lets a good one through and stops a bad one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.errors import EvaluationError, InputError
from aisle.evaluation.gates.figures import Found, ReleaseFigures
from aisle.evaluation.gates.policy import GatePolicy, read_policy
from aisle.evaluation.gates.segments import by_category, by_demand, by_label, by_length, of_fresh_items
from aisle.evaluation.gates.verdict import Gate, judge
from aisle.evaluation.metrics import Scores
from aisle.evaluation.seen import Seen, query_sketch, seen_queries
from aisle.types import Query

QUERIES = tuple(f"q{number}" for number in range(100))
METRICS = ("nDCG@10", "R@10", "R@200")


def scores(values: Mapping[str, float] | float, **metrics: float) -> Scores:
    """nDCG@10 of each query, and the same value of all for the other metrics."""
    each = values if isinstance(values, Mapping) else dict.fromkeys(QUERIES, values)
    per_query = {"nDCG@10": each, **{name: dict.fromkeys(each, 0.5) for name in METRICS[1:]}}
    per_query |= {name.replace("_", "@"): dict.fromkeys(each, value) for name, value in metrics.items()}
    return Scores("release", per_query, len(each), 0)


def figures(**changes: Any) -> ReleaseFigures:
    """A release as good as the live one."""
    good = ReleaseFigures(
        release="shop-v0008",
        uuid="new",
        documents=1_000,
        size_bytes=2_000_000_000,
        coverage={"price": 1.0, "brand": 0.9, "text": 0.5},
        scores=scores(0.5),
        milliseconds=dict.fromkeys(QUERIES, 20.0),
        golden=Found(40),
        titles=Found(100, ("id-3",)),
        vectors=Found(100),
        vector_cosine=0.999,
        seen={"ranker shop": Seen(80, 2)},
        utilisation=(1.0, 0.95, 0.9),
        int8_cosine=0.995,
    )
    return replace(good, **changes)


LIVE = figures(release="shop-v0007", uuid="old")
HALF = dict.fromkeys(QUERIES, 0.5)


def lower(number: int, by: float) -> dict[str, float]:
    """So many queries have lost so much."""
    return {query: 0.5 - (by if place < number else 0) for place, query in enumerate(QUERIES)}


BOTH_WAYS: list[tuple[Gate, dict[str, Any], dict[str, Any]]] = [
    (Gate.METRIC, {"scores": scores(0.5, R_200=0.47)}, {"scores": scores(0.5, R_200=0.49)}),
    (Gate.METRIC, {"scores": scores(lower(100, 0.02))}, {"scores": scores(0.9)}),
    # Forty of a hundred lose a little: certainly worse, and within what any one limit allows.
    (Gate.SIGNIFICANCE, {"scores": scores(lower(40, 0.02))}, {"scores": scores(lower(3, 0.02))}),
    # Twenty lose much, which the mean of all hides.
    (Gate.SEGMENT, {"scores": scores(lower(20, 0.06))}, {"scores": scores(lower(20, 0.04))}),
    (Gate.GOLDEN, {"golden": Found(40, ("drill (7)",))}, {"golden": Found(40)}),
    (Gate.SMOKE, {"titles": Found(100, tuple("abcdef"))}, {"titles": Found(100, tuple("abcde"))}),
    (Gate.SMOKE, {"vectors": Found(100, tuple("abcdef"))}, {"vectors": Found(100, tuple("abcde"))}),
    (Gate.VECTORS, {"vector_cosine": 0.95}, {"vector_cosine": 0.99}),
    (Gate.SEEN, {"seen": {"ranker shop": Seen(80, 9)}}, {"seen": {"ranker shop": Seen(80, 8)}}),
    # Of fewer than ten queries nothing can be said.
    (Gate.SEEN, {"seen": {"b": Seen(10, 2)}}, {"seen": {"a": Seen(10, 1), "b": Seen(9, 9)}}),
    (Gate.UTILISATION, {"utilisation": (1.0, 0.79, 0.9)}, {"utilisation": (1.0, 0.81, 0.9)}),
    (Gate.INT8, {"int8_cosine": 0.97}, {"int8_cosine": 0.981}),
    (Gate.COVERAGE, {"coverage": {"price": 0.7, "brand": 0.9, "text": 0.5}}, {"coverage": LIVE.coverage}),
    (
        Gate.COVERAGE,
        {"coverage": {"price": 1.0, "brand": 0.9}},
        {"coverage": {**LIVE.coverage, "text": 0.41}},
    ),
    (
        Gate.DOCUMENTS,
        {"documents": 799, "size_bytes": 1_600_000_000},
        {"documents": 801, "size_bytes": 1_600_000_000},
    ),
    (Gate.SIZE, {"size_bytes": 3_100_000_000}, {"size_bytes": 2_900_000_000}),
    (
        Gate.LATENCY,
        {"milliseconds": dict.fromkeys(QUERIES, 36.0)},
        {"milliseconds": dict.fromkeys(QUERIES, 34.0)},
    ),
]


@pytest.mark.parametrize(("gate", "bad", "good"), BOTH_WAYS)
def test_each_gate_stops_what_is_bad_and_lets_through_what_is_good(
    gate: Gate, bad: dict[str, Any], good: dict[str, Any]
) -> None:
    segments = {"head": frozenset(QUERIES[:20]), "tail": frozenset(QUERIES[20:])}
    stopped = judge(figures(**bad), LIVE, GatePolicy(), segments=segments)
    assert not stopped.passed and gate in {one.gate for one in stopped.failures}
    report = judge(figures(**good), LIVE, GatePolicy(), segments=segments)
    assert gate not in {one.gate for one in report.failures}
    assert gate in {one.gate for one in report.checks}


def test_every_gate_is_tried_both_ways() -> None:
    # The floor below.
    assert {gate for gate, *_ in BOTH_WAYS} | {Gate.LEAST} == set(Gate)


def test_a_floor_holds_whatever_is_live() -> None:
    policy = GatePolicy(least={"nDCG@10": 0.5})
    worse = scores(0.49)
    stopped = judge(figures(scores=worse), replace(LIVE, scores=scores(0.49)), policy)
    assert [one.gate for one in stopped.failures] == [Gate.LEAST]
    assert judge(figures(), None, policy).passed
    assert not judge(figures(scores=worse), None, policy).passed


def test_the_same_again_passes_and_says_what_was_not_looked_at() -> None:
    report = judge(figures(), LIVE, GatePolicy(), judged="shop-queries")
    assert report.passed and report.failures == ()
    assert set(report.skipped) == {Gate.LEAST, Gate.SEGMENT}
    assert report.uuids == {"shop-v0008": "new", "shop-v0007": "old"}
    assert report.to_markdown().startswith("# shop-v0008 may go live\n")
    told = report.to_json()
    assert told["passed"] is True and told["failures"] == [] and told["policy"]["drop"]["R@200"] == 0.02
    nothing = judge(ReleaseFigures("shop-v0001"), None, GatePolicy())
    assert not nothing.passed and set(nothing.skipped) == set(Gate)


def test_what_stops_a_release_stands_first_for_people_and_for_programs() -> None:
    report = judge(
        figures(milliseconds=dict.fromkeys(QUERIES, 99.0), golden=Found(4, ("a|b (7)",))), LIVE, GatePolicy()
    )
    rows = [line for line in report.to_markdown().splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[1] for row in rows[2:4]] == ["golden queries", "latency"]
    assert "does not go live" in report.to_markdown() and "a\\|b" in report.to_markdown()
    told = report.to_json()
    assert [one["gate"] for one in told["failures"]] == ["golden queries", "latency"]
    assert told["failures"][1] | {"note": ""} == {
        "gate": "latency",
        "name": "p50 ms",
        "value": 99.0,
        "limit": 35.0,
        "at_most": True,
        "met": False,
        "live": 20.0,
        "note": "",
    }


@given(st.lists(st.floats(1, 50), min_size=20, max_size=60), st.integers(0, 60), st.floats(2, 40))
def test_a_machine_that_becomes_busy_stops_no_release_and_a_slow_model_is_stopped_on_it(
    taken: list[float], begins: int, times: float
) -> None:
    busy = {f"q{place}": ms * (times if place >= begins else 1) for place, ms in enumerate(taken)}
    same = judge(figures(milliseconds=busy), replace(LIVE, milliseconds=busy), GatePolicy())
    assert same.passed
    # As much longer for each query, however busy the machine is.
    slower = {id_: ms * 1.6 + max(busy.values()) + 5.1 for id_, ms in busy.items()}
    stopped = judge(figures(milliseconds=slower), replace(LIVE, milliseconds=busy), GatePolicy())
    assert [one.gate for one in stopped.failures] == [Gate.LATENCY]


def test_times_are_compared_query_by_query() -> None:
    """Half of the queries met a busy machine: the medians of both tell nothing, those of pairs do."""
    live = {id_: 20.0 if place < 51 else 90.0 for place, id_ in enumerate(QUERIES)}
    new = {id_: ms + 1 for id_, ms in live.items()} | {QUERIES[0]: 91.0, QUERIES[1]: 91.0}
    report = judge(figures(milliseconds=new), replace(LIVE, milliseconds=live), GatePolicy())
    (check,) = [one for one in report.checks if one.gate is Gate.LATENCY]
    assert (check.live, check.check.value, check.check.met) == (20.0, 21.0, True)


def test_a_gain_is_never_held_against_a_release() -> None:
    better = figures(
        scores=scores(0.8),
        documents=5_000,
        size_bytes=9_000_000_000,
        milliseconds=dict.fromkeys(QUERIES, 5.0),
        coverage={**LIVE.coverage, "text": 1.0},
    )
    assert judge(better, LIVE, GatePolicy(), segments={"all": frozenset(QUERIES)}).passed


def test_a_figure_that_is_no_number_stops_a_release() -> None:
    assert not judge(figures(int8_cosine=float("nan")), LIVE, GatePolicy()).passed


def test_two_that_were_asked_other_queries_are_not_compared() -> None:
    other = replace(LIVE, scores=scores(dict.fromkeys(("x", "y"), 0.5)))
    with pytest.raises(EvaluationError, match="other queries"):
        judge(figures(), other, GatePolicy())


@given(st.lists(st.floats(0, 1), min_size=30, max_size=60), st.integers(0, 100))
def test_a_release_that_answers_the_same_passes_every_gate_of_metrics(values: list[float], pick: int) -> None:
    each = {f"q{number}": value for number, value in enumerate(values)}
    same = scores(each)
    segments = {"some": frozenset(list(each)[: pick % len(each) + 1])}
    assert judge(figures(scores=same), replace(LIVE, scores=same), GatePolicy(), segments=segments).passed


def test_a_policy_is_one_small_file_that_says_the_same_when_it_is_read_again(tmp_path: Path) -> None:
    policy = GatePolicy(least={"nDCG@10": 0.4}, shrink=0.05, golden_depth=3, tested="R@10")
    file = tmp_path / "gate.toml"
    file.write_text(policy.to_toml())
    assert read_policy(file) == policy
    assert GatePolicy.from_toml("", "empty") == GatePolicy()
    assert GatePolicy.from_toml('shrink = 0\n[drop]\n"R@10" = 0.1\n', "some") == GatePolicy(
        shrink=0, drop={"R@10": 0.1}
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shrink", "is no TOML"),
        ("shrnk = 0.1", "no limit 'shrnk'. Fix: choose from least, drop"),
        ("shrink = 1.1", "shrink = 1.1 cannot be. Fix: write a number from 0 to 1"),
        ("shrink = true", "shrink = True cannot be"),
        ('shrink = "a"', "shrink = 'a' cannot be"),
        ("shrink = nan", "shrink = nan cannot be"),
        ("latency = -1", "latency = -1 cannot be. Fix: write a number from 0"),
        ("golden_depth = 0", "golden_depth = 0 cannot be"),
        ("segment_queries = 2.5", "segment_queries = 2.5 cannot be"),
        ("drop = 0.1", "drop is a table"),
        ('[drop]\n"nDCG@3" = 0.1', "knows no metric 'nDCG@3'"),
        ('[drop]\n"R@10" = 2', "drop.R@10 = 2 cannot be"),
        ('tested = "MRR"', "knows no metric 'MRR'"),
        ("tested = 3", "tested is no metric"),
        ("[shrink]\na = 1", "shrink is one value"),
    ],
)
def test_a_policy_that_means_nothing_is_told_by_its_file(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(text)
    with pytest.raises(InputError) as refused:
        read_policy(file)
    assert said in str(refused.value) and "gate.toml" in str(refused.value)
    with pytest.raises(InputError, match="cannot read"):
        read_policy(tmp_path / "missing.toml")


def test_segments_by_length_label_and_category() -> None:
    queries = [Query("a", "drill"), Query("b", "cordless drill"), Query("c", "a b c d e"), Query("d", "saw")]
    assert by_length(queries) == {
        "words 1": {"a", "d"},
        "words 2": {"b"},
        "words 4 or more": {"c"},
    }
    assert by_label({"a": ["x", "y"], "b": ["y"]}) == {"x": {"a"}, "y": {"a", "b"}}
    qrels = {"a": {"1": 3, "2": 2, "3": 0}, "b": {"3": 3, "1": 3}, "c": {"9": 3}}
    tools = {"1": "tools", "2": "tools", "3": "garden"}
    # Of two that are as frequent the first by name; what no item says is in none.
    assert by_category(qrels, tools, 2) == {"category tools": {"a"}, "category garden": {"b"}}
    assert of_fresh_items(qrels, frozenset("123"), 2) == {"fresh items": {"c"}}
    assert of_fresh_items(qrels, frozenset("1239"), 2) == {}


def test_head_torso_and_tail_are_thirds_of_the_asking() -> None:
    queries = [Query(name, f"Query {name}") for name in "abcdef"]
    counts = {"query a": 40, "query b": 30, "query c": 20, "query d": 10}
    assert by_demand(queries, counts) == {"head": {"a"}, "torso": {"b"}, "tail": {"c", "d", "e", "f"}}
    assert by_demand(queries, {"other": 3}) == {}


@given(st.sets(st.integers(0, 400), min_size=1), st.sets(st.integers(0, 400)), st.integers(1, 40))
def test_a_sketch_tells_of_queries_whether_they_were_learned_from(
    learned: set[int], asked: set[int], size: int
) -> None:
    sketch = query_sketch((f"Query {number}!" for number in learned), size)
    texts = [f"query {number}" for number in asked]
    found = seen_queries(sketch, texts, size)
    assert len(sketch) == min(size, len(learned)) and found.seen <= found.asked <= len(texts)
    told = [text for text in texts if seen_queries(sketch, [text], size).asked]
    assert found.asked == len(told)
    assert found.seen == sum(int(text.split()[1]) in learned for text in told)
    if len(learned) < size:
        assert found.asked == len(texts), "a set that is smaller than the sketch is known whole"
