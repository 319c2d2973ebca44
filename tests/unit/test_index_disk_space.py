"""Watermarks in each of OpenSearch's notations."""

from __future__ import annotations

from typing import Any

import pytest

from aisle.indexer.disk_space import NodeDisk, data_disks, must_stay_free

DISK = NodeDisk("n", total=100 * 2**30, available=0)
PREFIX = "cluster.routing.allocation.disk."


def settings(**values: str) -> dict[str, Any]:
    return {"defaults": {PREFIX + key.replace("__", "."): value for key, value in values.items()}}


@pytest.mark.parametrize(
    ("watermark", "gib"),
    [("90%", 10), ("0.75", 25), ("7gb", 7), ("1.5GB", 1.5)],
)
def test_notations(watermark: str, gib: float) -> None:
    assert must_stay_free(DISK, settings(watermark__high=watermark)) == pytest.approx(gib * 2**30, rel=1e-9)


def test_a_lone_node_goes_on_to_the_flood_stage() -> None:
    both = settings(watermark__high="90%", watermark__flood_stage="95%")
    assert must_stay_free(DISK, both, alone=True) == pytest.approx(5 * 2**30, rel=1e-9)


def test_transient_wins_over_default() -> None:
    layered = settings(watermark__high="90%") | {"transient": {PREFIX + "watermark.high": "20gb"}}
    assert must_stay_free(DISK, layered) == 20 * 2**30


def test_a_switched_off_threshold_still_leaves_a_little() -> None:
    assert must_stay_free(DISK, settings(threshold_enabled="false")) == 200 * 2**20


def test_only_data_nodes_count() -> None:
    total = {"fs": {"total": {"total_in_bytes": 9, "available_in_bytes": 3}}}
    nodes = {"a": {"name": "a", "roles": ["data"], **total}, "b": {"name": "b", "roles": ["ingest"], **total}}
    assert list(data_disks({"nodes": nodes})) == [NodeDisk("a", 9, 3)]
