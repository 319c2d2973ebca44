"""Events become counts, counts become judgments; a known click model says whether they are right."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import aisle
from aisle.cli.ubi import app
from aisle.errors import EvaluationError, InputError
from aisle.evaluation import read_judged_set
from aisle.evaluation.clicks import (
    ClickLog,
    LogReader,
    Method,
    SimulationOptions,
    agreements,
    estimate_clicks,
    simulate,
)
from aisle.indexer.suggestions.popular import read_popular


def query(identity: str, text: str, *hits: str, client: str = "c") -> dict[str, Any]:
    return {
        "query_id": identity,
        "user_query": text,
        "client_id": client,
        "query_response_hit_ids": list(hits),
    }


def event(action: str, identity: str, item: str, ordinal: object = None, **more: object) -> dict[str, Any]:
    attributes: dict[str, Any] = {"object": {"object_id": item}}
    if ordinal is not None:
        attributes["position"] = {"ordinal": ordinal}
    return {"action_name": action, "query_id": identity, "event_attributes": attributes, **more}


def read(queries: Iterable[Mapping[str, Any]], events: Iterable[Mapping[str, Any]]) -> ClickLog:
    reader = LogReader()
    # In any order: events may arrive before their query.
    for source in events:
        reader.event(source)
    for source in queries:
        reader.query(source)
    return reader.done()


def rows(log: ClickLog) -> set[tuple[str, str, int, int, int]]:
    columns = (log.query, log.item, log.position, log.shown, log.clicked)
    return {
        (log.queries[q], log.items[i], p, n, c)
        for q, i, p, n, c in zip(*map(np.ndarray.tolist, columns), strict=True)
    }


def test_what_was_shown_and_clicked_is_counted_once_a_search() -> None:
    log = read(
        [
            query("1", "Cordless  Drill", "x", "y"),
            query("2", "cordless drill", "a", "b", client="d"),
            query("3", "saw", "b"),
        ],
        [
            # Of search 1 only a was looked at: its impressions tell more than what it returned.
            event("impression", "1", "a", 1),
            event("click", "1", "a", 1),
            event("click", "1", "a", 1),
            event("purchase", "1", "a"),
            event("click_through", "2", "b", 2),
            # Nothing else says that c was shown.
            event("click", "3", "c", 4),
            event("type_filter", "3", "c"),
            event("impression", "3", "d", "first"),
            event("click", "4", "a", 1),
        ],
    )
    assert rows(log) == {
        ("cordless drill", "a", 0, 2, 1),
        ("cordless drill", "b", 1, 1, 1),
        ("saw", "b", 0, 1, 0),
        ("saw", "c", 3, 1, 1),
    }
    assert [(asked.text, asked.count, asked.clients) for asked in log.asked] == [
        ("cordless drill", 2, 2),
        ("saw", 1, 1),
    ]
    assert log.passed_over == {
        "events of other actions": 1,
        "impressions without a position": 1,
        "searches without a text": 1,
    }


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"action_name": ["click"], "query_id": "1"},
        {"action_name": "click", "query_id": 7, "event_attributes": {"object": {"object_id": "a"}}},
        {"action_name": "click", "query_id": "1", "event_attributes": [1]},
        {"action_name": "click", "query_id": "1", "event_attributes": {"object": "a", "position": 3}},
        {"action_name": "impression", "query_id": "1", "event_attributes": {"object": {"object_id": " "}}},
    ],
)
def test_what_is_no_event_is_counted_and_passed_over(source: dict[str, Any]) -> None:
    log = read([query("1", "saw", "a")], [source])
    assert rows(log) == {("saw", "a", 0, 1, 0)}
    assert sum(log.passed_over.values()) == 1


def test_coec_is_clicks_over_expected_clicks() -> None:
    queries = [query(str(number), "saw", *("ab" if number % 2 else "ba")) for number in range(40)]
    # a is clicked at the top 10 times of 20, and at the second place 5 of 20; b never.
    events = [event("click", str(number), "a") for number in range(1, 20, 2)]
    events += [event("click", str(number), "a") for number in range(0, 10, 2)]
    found = estimate_clicks(read(queries, events), prior=0)
    assert found.ctr == pytest.approx([15 / 40, 0])
    # Of 40 at the top 10 were clicked, of 40 at the second place 5: 20 at each make 7.5.
    assert found.coec == pytest.approx([15 / 7.5, 0])
    assert found.examined == pytest.approx([1, 0.5], abs=0.02)
    assert found.moved == 1


def log_of(options: SimulationOptions) -> tuple[Any, ClickLog]:
    shop, reader = simulate(options), LogReader()
    for asked, happened in shop.searches():
        reader.query(asked)
        for one in happened:
            reader.event(one)
    return shop, reader.done()


def test_inverse_propensity_takes_the_bias_of_positions_out() -> None:
    shop, log = log_of(SimulationOptions(searches=4_000, queries=20))
    found = estimate_clicks(log)
    assert np.abs(found.examined - shop.examined).max() < 0.08
    by_method = {row.method: row for row in agreements(found, log, shop, least_shown=20)}
    bias = {method: abs(row.position_bias) for method, row in by_method.items()}
    assert bias[Method.CTR] > 0.5
    assert bias[Method.COEC] < 0.6 * bias[Method.CTR]
    assert bias[Method.IPS] < min(0.15, bias[Method.COEC])
    assert min(row.agreement for row in by_method.values()) > 0.7


def test_without_bias_there_is_nothing_to_correct() -> None:
    shop, log = log_of(SimulationOptions(searches=1_500, queries=10, bias=0.0))
    found = estimate_clicks(log)
    assert found.examined.min() > 0.75
    ctr, _, ips = agreements(found, log, shop, least_shown=20)
    assert abs(ctr.agreement - ips.agreement) < 0.05


def test_the_same_seed_draws_the_same_shop() -> None:
    small = SimulationOptions(searches=5, queries=2)
    first, again = (list(simulate(small).searches()) for _ in range(2))
    assert first == again
    assert first != list(simulate(SimulationOptions(searches=5, queries=2, seed=1)).searches())


def test_an_export_is_read_by_those_who_use_it(tmp_path: Path) -> None:
    made = aisle.simulate_ubi(tmp_path / "sim", SimulationOptions(searches=300, queries=4), least_shown=5)
    assert made.clicks > 50 and len(made.methods) == 3
    truth = read_judged_set(tmp_path / "sim" / "truth")
    found = aisle.export_ubi(tmp_path / "out", source=tmp_path / "sim", least_shown=30, method="coec")
    judged = read_judged_set(tmp_path / "out", "train")
    texts = {query.text for query in judged.queries}
    assert texts <= {query.text for query in truth.queries}
    assert (found.queries, found.judgments) == (len(judged.queries), sum(map(len, judged.qrels.values())))
    assert any(grade % 1 for items in judged.qrels.values() for grade in items.values())
    popular = read_popular(tmp_path / "out" / "popular.csv", min_clients=2)
    assert popular.queries[0].text == "query 0" and sum(one.count for one in popular.queries) == 300
    lines = [json.loads(line) for line in (tmp_path / "out" / "items.jsonl").read_text().splitlines()]
    assert {(line["op"], *sorted(line)) for line in lines} == {("update", "id", "op", "popularity")}
    assert len(lines) == found.items
    with pytest.raises(InputError, match="exists already"):
        aisle.export_ubi(tmp_path / "out", source=tmp_path / "sim")


def test_what_cannot_be_exported_leaves_nothing(tmp_path: Path) -> None:
    aisle.simulate_ubi(tmp_path / "sim", SimulationOptions(searches=20, queries=4))
    with pytest.raises(EvaluationError, match="no item was shown 900 times"):
        aisle.export_ubi(tmp_path / "out", source=tmp_path / "sim", least_shown=900)
    with pytest.raises(EvaluationError, match="no events"):
        aisle.export_ubi(tmp_path / "out", source=tmp_path / "sim", application="other")
    with pytest.raises(InputError, match="no method 'guess'"):
        aisle.export_ubi(tmp_path / "out", source=tmp_path / "sim", method="guess")
    (tmp_path / "sim" / "ubi_events.jsonl").write_text("{}\n[1]\n")
    with pytest.raises(InputError, match="line 2: no object"):
        aisle.export_ubi(tmp_path / "out", source=tmp_path / "sim")
    assert [path.name for path in tmp_path.iterdir()] == ["sim"]


@pytest.mark.parametrize(
    "wrong", [{"queries": 0}, {"seed": -1}, {"bias": -1}, {"noise": float("nan")}, {"stray": 1}]
)
def test_a_shop_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        SimulationOptions(**wrong)


def test_the_command(tmp_path: Path) -> None:
    words = ["simulate", str(tmp_path / "sim"), "--searches", "200", "--least-shown", "5"]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "120"})
    assert done.exit_code == 0, done.output
    assert "200 searches" in done.stdout and "position bias left" in done.stdout
    done = CliRunner().invoke(app, ["export", str(tmp_path / "a"), "--from", str(tmp_path / "sim"), "--json"])
    assert json.loads(done.stdout)["method"] == "ips"
