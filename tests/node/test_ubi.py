"""Events in a real index: they are read back as they were written, and visitors invent no fields."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

import aisle
from aisle.cluster import Cluster
from aisle.cluster.documents import make_index
from aisle.errors import IndexNotFound, InputError
from aisle.evaluation.clicks import SimulationOptions
from aisle.mappings.observations import OBSERVATIONS, observations_body
from aisle.mappings.ubi import EVENTS, QUERIES, events_body, queries_body

BODIES = {QUERIES: queries_body(), EVENTS: events_body(), OBSERVATIONS: observations_body()}


@pytest.fixture(scope="module")
def simulated(client: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of queries and events that also stand in the session's node."""
    folder = tmp_path_factory.mktemp("ubi") / "simulated"
    aisle.simulate_ubi(folder, SimulationOptions(searches=60, queries=3, items=8), least_shown=1)
    client.indices.delete(index=",".join(BODIES), ignore=404)
    for index, body in BODIES.items():
        make_index(client, index, body)
    for index in (QUERIES, EVENTS):
        lines: list[dict[str, Any]] = []
        for line in (folder / f"{index}.jsonl").read_bytes().splitlines():
            lines += ({"create": {}}, orjson.loads(line))
        assert not client.bulk(body=lines, index=index, params={"refresh": "true"})["errors"]
    yield folder
    client.indices.delete(index=",".join(BODIES), ignore=404)


def test_the_cluster_and_the_files_say_the_same(client: Cluster, simulated: Path, tmp_path: Path) -> None:
    of_files = aisle.export_ubi(tmp_path / "files", source=simulated, least_shown=10)
    of_cluster = aisle.export_ubi(
        tmp_path / "cluster", cluster=client, application="simulation", least_shown=10
    )
    assert of_cluster.judgments == of_files.judgments > 0
    for name in ("popular.csv", "items.jsonl", "qrels/train.tsv"):
        here, there = ((tmp_path / kind / name).read_text().splitlines() for kind in ("files", "cluster"))
        # Events of a search come in another order, and with them the numbers of queries.
        assert len(here) == len(there)
    rates = [
        {
            line["id"]: line["popularity"]
            for line in map(orjson.loads, (tmp_path / kind / "items.jsonl").read_bytes().splitlines())
        }
        for kind in ("files", "cluster")
    ]
    assert rates[1] == pytest.approx(rates[0], abs=2e-4)


def test_events_never_grow_the_mapping(client: Cluster, simulated: Path) -> None:
    before = client.indices.get_mapping(index=EVENTS)
    hostile = {"zz": 1, "event_attributes": {"x": {"y": 1}, "object": {"object_id": "a", "new": 2}}}
    client.index(index=EVENTS, body=hostile, params={"refresh": "true"})
    assert client.indices.get_mapping(index=EVENTS) == before


def test_what_boards_count_can_be_counted(client: Cluster, simulated: Path, tmp_path: Path) -> None:
    report = {
        "systems": {"bm25": {"nDCG@10": 0.25}, "hybrid": {"nDCG@10": 0.75}},
        "dataset": "d",
        "split": "dev",
    }
    (tmp_path / "report.json").write_bytes(orjson.dumps(report))
    assert aisle.record_report("boards", tmp_path / "report.json", cluster=client) == 2
    client.indices.refresh(index=OBSERVATIONS)
    means = {"systems": {"terms": {"field": "system"}, "aggs": {"mean": {"avg": {"field": "value"}}}}}
    # Other tests record on this node too.
    mine = {"size": 0, "query": {"term": {"catalogue": "boards"}}, "aggs": means}
    found = client.search(index=OBSERVATIONS, body=mine)["aggregations"]["systems"]
    assert {row["key"]: row["mean"]["value"] for row in found["buckets"]} == {"bm25": 0.25, "hybrid": 0.75}
    by_action = {"size": 0, "aggs": {"a": {"terms": {"field": "action_name"}}}}
    counted = client.search(index=EVENTS, body=by_action)["aggregations"]["a"]["buckets"]
    assert {row["key"] for row in counted} == {"impression", "click"}


def test_only_what_is_older_is_deleted(client: Cluster, simulated: Path) -> None:
    body = {"application": "prune", "timestamp": "2020-01-01T00:00:00Z"}
    for day in (body["timestamp"], datetime.now(UTC).isoformat()):
        client.index(index=EVENTS, body={**body, "timestamp": day}, params={"refresh": "true"})
    assert aisle.prune_ubi(1, application="prune", cluster=client) == {QUERIES: 0, EVENTS: 1}
    left = {"query": {"term": {"application": "prune"}}}
    assert client.count(index=EVENTS, body=left)["count"] == 1
    with pytest.raises(InputError, match="0 or more"):
        aisle.prune_ubi(-1, cluster=client)


def test_events_alone_are_enough_and_that_there_are_none_is_said(
    client: Cluster, simulated: Path, tmp_path: Path
) -> None:
    client.indices.delete(index=QUERIES)
    found = aisle.export_ubi(tmp_path / "events", cluster=client, least_shown=10)
    assert found.judgments > 0 and found.popular == 0
    client.indices.delete(index=EVENTS)
    with pytest.raises(IndexNotFound, match="nobody recorded events"):
        aisle.export_ubi(tmp_path / "none", cluster=client)
