"""A short soak of the service as a process, as the benchmark does it at length: nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import aisle
from aisle.cluster import Cluster
from aisle.mappings.observations import OBSERVATIONS
from aisle.mappings.ubi import EVENTS, QUERIES
from aisle.search import Bm25Leg, SearchClient
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.server import running
from aisle.service.settings import ServiceSettings
from benchmarks.harness.bare_socket import Request
from benchmarks.service.load import open_load
from benchmarks.service.shop import Shop
from benchmarks.service.soak import PER_S, measure_soak

SECONDS = 4.0


@pytest.fixture
def shop(
    client: Cluster, node_url: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    monkeypatch.setenv("AISLE_HOME", str(tmp_path / "home"))
    file = tmp_path / "products.csv"
    rows = [f"s{number},cordless drill {number} volt,{number}" for number in range(30)]
    file.write_text("\n".join(["sku,name,price", *rows]) + "\n")
    aisle.index(file, name, columns={"id": "sku", "title": "name"}, encoder=None, cluster=client)
    search = SearchClient(client, name, None, (Bm25Leg(),))
    yield Shop(node_url, name, len(rows), client, search, ("drill", "cordless drill", "volt", "nothing"))
    client.indices.delete(index=f"{QUERIES},{EVENTS},{OBSERVATIONS}", ignore_unavailable=True)


def test_no_answer_and_no_event_is_lost(shop: Shop) -> None:
    found = measure_soak(shop, SECONDS / 60)
    (row,) = found.rows
    assert PER_S < row["searches"] <= PER_S * (SECONDS + 1) and row["failed"] == 0
    assert row["stored_queries"] == row["searches"] and row["stored_events"] == row["events"]
    assert row["events"] == row["searches"]
    growth, lost, failed = (goal.value for goal in found.goals)
    assert (lost, failed) == (0, 0) and growth < 25


def test_a_load_counts_what_is_answered_and_what_is_not() -> None:
    paths = ("/healthz", "/nowhere")
    settings = ServiceSettings(port=0, grace_s=1)
    with running(create_app(settings, Catalogues([])), settings) as url:
        load = open_load(url, [Request("GET", path, b"") for path in paths], 40, 1.0)
    assert load.failed == len(load.asked) // 2 and 20 <= len(load.asked) <= 70
    assert load.percentile(50) <= load.percentile(99) and load.refused == load.degraded == 0
