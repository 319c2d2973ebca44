"""The planner's arithmetic, against examples that others published or that were done by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from aisle.errors import CapabilityMissing, InputError
from aisle.indexer.capacity import Engine, PlanRequest, parse_bytes, parse_count, plan
from aisle.indexer.capacity.formulas import (
    GIB,
    NO_VECTORS,
    Bound,
    disk_need,
    heap_bytes,
    hnsw_bytes,
    lucene_graph_bytes,
    primary_bytes,
    vector_bytes,
    vector_room,
)
from aisle.indexer.capacity.plan import MAX_DOCS, TARGET_BYTES, balanced_shards, fewest_shards
from aisle.indexer.capacity.sources import PUBLISHED
from aisle.mappings.vector_types import VectorType


@pytest.mark.parametrize(
    ("kept_as", "gb"),
    [
        (VectorType.FP32, 1.267),
        (VectorType.FP16, 0.704),
        (VectorType.BYTE, 0.422),
        (VectorType.DISK, 0.176),
    ],
)
def test_a_million_vectors_of_256_dimensions_as_documented(kept_as: VectorType, gb: float) -> None:
    # The pages' own worked example: 1 M vectors, 256 dimensions, m 16. They round fp16 and byte otherwise
    # (.656 and .39, in GiB), so those two are the formula's exact values.
    found = vector_bytes(1_000_000, 256, 16, kept_as, Engine.FAISS)
    assert found.memory == pytest.approx(gb * 1e9, rel=0.003)


# One merged segment, bytes: the files that a search reads, and all of the vectors' files.
MEASURED = [
    # icecat with k-NN's native libraries.
    (Engine.FAISS, VectorType.FP32, 19_406, 384, 32.8e6, 62.9e6),
    (Engine.FAISS, VectorType.FP16, 19_406, 384, 17.9e6, 48.0e6),
    (Engine.FAISS, VectorType.BYTE, 19_406, 384, 10.4e6, 18.2e6),
    (Engine.FAISS, VectorType.DISK, 19_406, 384, None, 34.3e6),
    (Engine.LUCENE, VectorType.FP32, 19_406, 384, 30.7e6, 30.7e6),
    (Engine.LUCENE, VectorType.DISK, 19_406, 384, None, 38.3e6),
    # Titles of homedepot.
    (Engine.LUCENE, VectorType.FP32, 4_000, 64, 4_000 * 294.3, 4_000 * 294.3),
    (Engine.LUCENE, VectorType.BYTE, 4_000, 64, 4_000 * 102.3, 4_000 * 102.3),
    (Engine.LUCENE, VectorType.DISK, 4_000, 64, 4_000 * 106.3, 4_000 * 362.3),
]


@pytest.mark.parametrize(("engine", "kept_as", "docs", "dims", "memory", "disk"), MEASURED)
def test_the_plan_is_within_a_tenth_of_what_was_measured(
    engine: Engine, kept_as: VectorType, docs: int, dims: int, memory: float | None, disk: float
) -> None:
    found = vector_bytes(docs, dims, 16, kept_as, engine)
    assert found.disk == pytest.approx(disk, rel=0.1)
    assert memory is None or found.memory == pytest.approx(memory, rel=0.1)


def test_a_link_takes_more_bytes_the_more_vectors_there_are() -> None:
    sizes = [lucene_graph_bytes(10**power, 16) / 10**power for power in range(2, 10)]
    assert sizes == sorted(sizes)
    assert sizes[0] == pytest.approx(24 * 1.25 + 2, abs=0.1) and sizes[-1] == pytest.approx(
        24 * 4.25 + 2, abs=10
    )
    assert lucene_graph_bytes(1, 16) == 0 < lucene_graph_bytes(2, 16)


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
    assert {way.all_copies for way in found.vectors} == {0}
    assert found.disk.primary == 500_000_000
    assert found.flags[:2] == ("--encoder", "none")


def test_disk_can_decide_the_number_of_nodes() -> None:
    found = plan(PlanRequest(docs=100_000_000, node_disk=100 * GIB))
    assert found.nodes.bound is Bound.DISK
    assert found.nodes.count * 100 * GIB >= found.disk.to_provide > (found.nodes.count - 1) * 100 * GIB


def test_lucene_keeps_the_floats_once_and_faiss_twice() -> None:
    one, two = (
        vector_bytes(1_000_000, 64, 16, VectorType.FP32, engine) for engine in (Engine.LUCENE, Engine.FAISS)
    )
    assert one.memory == one.disk == 256_000_000 + lucene_graph_bytes(1_000_000, 16)
    assert (two.memory, two.disk) == (422_400_000, 256_000_000 + 422_400_000)
    assert primary_bytes(1_000_000, two, 3) == two.disk + 3_000_000
    assert vector_bytes(1_000_000, 0, 16, VectorType.BYTE, Engine.FAISS) == NO_VECTORS


def test_item_vectors_are_floats_beside_whatever_else_is_kept() -> None:
    asked = PlanRequest(docs=1_000_000, dims=64, vectors=VectorType.BYTE)
    alone, both = plan(asked), plan(replace(asked, item_dims=384))
    added = vector_bytes(1_000_000, 384, 16, VectorType.FP32, Engine.FAISS)
    assert both.memory.one_copy - alone.memory.one_copy == added.memory
    assert both.disk.primary - alone.disk.primary == added.disk
    assert "--recommender NAME" in " ".join(both.flags)
    assert any("item vectors" in said.text for said in both.assumptions)
    with pytest.raises(InputError, match="-1 dimensions"):
        replace(asked, item_dims=-1)


def test_each_head_has_a_graph_of_its_own() -> None:
    asked = PlanRequest(docs=1_000_000, dims=0)
    heads = plan(replace(asked, head_dims=32))
    one = vector_bytes(1_000_000, 32, 16, VectorType.FP32, Engine.FAISS)
    assert heads.memory.one_copy == 2 * one.memory
    assert heads.disk.primary - plan(asked).disk.primary == 2 * one.disk
    assert "--encoder none --item-to-item NAME" in " ".join(heads.flags)
    with pytest.raises(InputError, match="-1 dimensions"):
        replace(asked, head_dims=-1)


def test_the_type_decides_memory_nodes_and_flags() -> None:
    asked = PlanRequest(docs=100_000_000, dims=256)
    full, small = plan(asked), plan(replace(asked, vectors=VectorType.BYTE))
    assert [way.kept_as for way in full.vectors] == list(VectorType)
    assert full.vectors == small.vectors and full.nodes.count > small.nodes.count
    assert small.memory.one_copy == hnsw_bytes(100_000_000, 256, 16, 8)
    assert full.memory.nodes == full.nodes.count and small.memory.nodes == small.nodes.count
    assert " ".join(small.flags).startswith("--dims 256 --vectors byte --shards ")
    with pytest.raises(CapabilityMissing, match="fp16"):
        PlanRequest(docs=5, engine=Engine.LUCENE, vectors=VectorType.FP16)


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
    assert set(PUBLISHED) == set(VectorType) - {VectorType.FP32}
    said = json.loads(json.dumps(plan(PlanRequest(docs=5)).to_json()))
    assert said["vectors"][1]["recall"][0]["source"]["url"].startswith("https://opensearch.org/")
    assert all(assumption["text"] for assumption in said["assumptions"])


def test_an_m_of_its_own_is_pointed_out() -> None:
    texts = [said.text for said in plan(PlanRequest(docs=5, m=32)).assumptions]
    assert "`aisle index` itself writes m = 16" in texts
    assert "`aisle index` itself writes m = 16" not in [
        said.text for said in plan(PlanRequest(docs=5)).assumptions
    ]
