"""The planner's arithmetic, against examples that others published or that were done by hand."""

from __future__ import annotations

import json

import pytest

from aisle.errors import InputError
from aisle.indexer.capacity import Engine, PlanRequest, parse_bytes, parse_count, plan
from aisle.indexer.capacity.formulas import (
    FLOAT,
    GIB,
    STORAGES,
    Bound,
    disk_need,
    heap_bytes,
    hnsw_bytes,
    primary_bytes,
    vector_room,
)
from aisle.indexer.capacity.plan import MAX_DOCS, TARGET_BYTES, balanced_shards, fewest_shards
from aisle.indexer.capacity.sources import PUBLISHED

WAYS = {storage.name: storage for storage in STORAGES}


@pytest.mark.parametrize(
    ("way", "gb"),
    [
        ("float32", 1.267),
        ("fp16", 0.704),
        ("byte", 0.422),
        ("on disk, 8x", 0.282),
        ("on disk, 16x", 0.211),
        ("on disk, 32x", 0.176),
    ],
)
def test_a_million_vectors_of_256_dimensions_as_documented(way: str, gb: float) -> None:
    # The pages' own worked example: 1 M vectors, 256 dimensions, m 16. They round fp16 and byte otherwise
    # (.656 and .39, in GiB), so those two are the formula's exact values.
    assert hnsw_bytes(1_000_000, 256, 16, WAYS[way]) == pytest.approx(gb * 1e9, rel=0.003)


def test_the_circuit_breaker_of_a_machine_of_100_gb() -> None:
    # The settings page: 100 GB, 32 of them for the JVM, leave 34; ours stops at 31 GiB.
    memory = 100 * GIB
    assert heap_bytes(memory) == 31 * GIB
    assert vector_room(memory) == (100 - 31) * GIB // 2
    assert heap_bytes(16 * GIB) == 8 * GIB


def test_the_catalogue_of_the_design() -> None:
    found = plan(PlanRequest(docs=100_000_000, dims=64, replicas=1, text_bytes=1_000))
    assert found.vectors[0].one_copy == 42_240_000_000
    assert found.vectors[0].all_copies == 2 * 42_240_000_000
    # 84.5 GB in halves of 64 - 31 GiB.
    assert found.nodes.count == 5
    assert found.nodes.bound is Bound.MEMORY
    primary = 100_000_000 * (1_000 + 256) + 42_240_000_000
    assert found.disk.primary == primary
    # Live and one older with a replica each, and the next one while it is merged.
    assert found.disk.at_rest == 4 * primary
    assert found.disk.at_peak == 6 * primary
    assert found.disk.to_provide == pytest.approx(6 * primary / 0.85)
    assert found.shards * 2 % 5 == 0
    assert " ".join(found.flags) == "--dims 64 --shards 10 --replicas 1 --keep 1 --force-merge"


def test_a_small_catalogue_is_one_shard_on_one_node() -> None:
    found = plan(PlanRequest(docs=10_000, replicas=0, engine=Engine.LUCENE, node_memory=8 * GIB))
    assert (found.shards, found.nodes.count, found.nodes.bound) == (1, 1, Bound.COPIES)
    assert found.nodes.heap == 4 * GIB


def test_words_alone_need_no_memory_for_vectors() -> None:
    found = plan(PlanRequest(docs=1_000_000, dims=0, text_bytes=500))
    assert [way.all_copies for way in found.vectors] == [0] * len(STORAGES)
    assert found.disk.primary == 500_000_000
    assert found.flags[:2] == ("--encoder", "none")


def test_disk_can_decide_the_number_of_nodes() -> None:
    found = plan(PlanRequest(docs=100_000_000, node_disk=100 * GIB))
    assert found.nodes.bound is Bound.DISK
    assert found.nodes.count * 100 * GIB >= found.disk.to_provide > (found.nodes.count - 1) * 100 * GIB


def test_lucene_keeps_the_floats_once_and_faiss_twice() -> None:
    one, two = (primary_bytes(1_000_000, 64, 16, engine, 1) for engine in (Engine.LUCENE, Engine.FAISS))
    assert (one, two) == (1_000_000 * (1 + 256 + 128), 1_000_000 * (1 + 256) + 422_400_000)


def test_the_merge_of_the_new_release_and_its_replicas_are_not_at_once() -> None:
    assert disk_need(100, replicas=0, keep=0).at_peak == 100 + 200
    assert disk_need(100, replicas=2, keep=1).at_peak == 600 + 300


def test_shards() -> None:
    assert fewest_shards(1, 1) == 1
    assert fewest_shards(TARGET_BYTES + 1, 1) == 2
    # Tiny documents, but more of them than Lucene puts in one shard.
    assert fewest_shards(1, MAX_DOCS + 1) == 2
    assert balanced_shards(8, 2, 5) == 10
    assert balanced_shards(1, 2, 3) == 1


@pytest.mark.parametrize(
    ("text", "number"),
    [("826402", 826_402), ("10k", 10_000), ("100M", 10**8), ("1.5m", 1_500_000), ("2B", 2 * 10**9)],
)
def test_counts(text: str, number: int) -> None:
    assert parse_count(text) == number


@pytest.mark.parametrize(
    ("text", "number"), [("64GiB", 64 * GIB), ("64g", 64 * GIB), ("2TB", 2 * 10**12), ("1_024", 1024)]
)
def test_sizes(text: str, number: int) -> None:
    assert parse_bytes(text) == number


@pytest.mark.parametrize("text", ["", "many", "-1", "1e9", "10x", "0", "0.2", "1.2.3k", "nan", "٣", "\u00b2"])
def test_no_counts(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_count(text)
    assert "100M" in caught.value.fix


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("docs", 0),
        ("dims", -1),
        ("dims", 16_001),
        ("m", 1),
        ("replicas", -1),
        ("keep", -1),
        ("text_bytes", 0),
        ("node_memory", 5),
        ("node_disk", 5),
    ],
)
def test_numbers_that_mean_nothing(field: str, value: int) -> None:
    with pytest.raises(InputError, match="cannot be planned for"):
        PlanRequest(**{"docs": 1, field: value})  # type: ignore[arg-type]


def test_every_other_way_has_a_published_recall_and_all_is_json() -> None:
    assert set(PUBLISHED) == set(WAYS) - {FLOAT.name}
    said = json.loads(json.dumps(plan(PlanRequest(docs=5)).to_json()))
    assert said["vectors"][1]["recall"][0]["source"]["url"].startswith("https://opensearch.org/")
    assert all(assumption["text"] for assumption in said["assumptions"])


def test_an_m_of_its_own_is_pointed_out() -> None:
    texts = [said.text for said in plan(PlanRequest(docs=5, m=32)).assumptions]
    assert "`aisle index` itself writes m = 16" in texts
    assert "`aisle index` itself writes m = 16" not in [
        said.text for said in plan(PlanRequest(docs=5)).assumptions
    ]
