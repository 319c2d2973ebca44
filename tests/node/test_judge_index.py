"""The dense leg of a real index against exact search of the same vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import aisle
from aisle._evaluate_encoder import IndexSearch
from aisle.cluster import Cluster
from aisle.errors import AisleError, CapabilityMissing
from aisle.evaluation.encoders.exact import mean_overlap
from aisle.evaluation.encoders.vector_table import KeptSearch
from aisle.indexer.lease.state import STATE_INDEX
from aisle.mappings.vector_types import VectorType
from tests.support.judge_parts import artifact, judged_folder


def ours(client: Cluster) -> set[str]:
    client.indices.refresh(index=STATE_INDEX)
    everything = {"query": {"match_all": {}}, "size": 10_000}
    states = client.search(index=STATE_INDEX, body=everything)["hits"]["hits"]
    left = {hit["_id"] for hit in states if hit["_id"].startswith("aisle-neighbours-")}
    return left | set(client.indices.get(index="aisle-neighbours-*", allow_no_indices=True))


@pytest.mark.parametrize("kept_as", [VectorType.FP32, VectorType.BYTE, VectorType.DISK])
def test_the_index_finds_what_exact_search_finds_and_goes_again(client: Cluster, kept_as: VectorType) -> None:
    chance = np.random.default_rng(5)
    items, queries = (chance.standard_normal((count, 16)).astype(np.float32) for count in (200, 10))
    items /= np.linalg.norm(items, axis=1, keepdims=True)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    # Ids that OpenSearch itself would not take.
    ids = [f"{number:03d} {'ö' * 600}" for number in range(200)]
    found = IndexSearch(client, kept_as)(queries, items, ids, 20)
    exact = KeptSearch(kept_as)(queries, items, ids, 20)
    by_query = [{str(n): ranked for n, ranked in enumerate(lists)} for lists in (found, exact)]
    assert mean_overlap(by_query[0], by_query[1], 20) > 0.95
    assert [ranked[0] for ranked in found] == [ranked[0] for ranked in exact]
    assert ours(client) == set()


def test_what_the_cluster_does_not_keep_is_said_before_anything_is_encoded(
    client: Cluster, tmp_path: Path, engine: str
) -> None:
    if engine != "lucene":
        pytest.skip("faiss keeps every type")
    steps: list[str] = []
    with pytest.raises(CapabilityMissing, match="lucene keeps no vectors as fp16"):
        aisle.evaluate_encoder(
            artifact(),
            data=judged_folder(tmp_path),
            index=True,
            vectors=("fp16",),
            cluster=client,
            progress=steps.append,
        )
    assert steps == []


def test_a_judgment_indexes_each_type_that_was_asked_for(client: Cluster, tmp_path: Path) -> None:
    report = aisle.evaluate_encoder(
        artifact(),
        data=judged_folder(tmp_path),
        widths=(16,),
        index=True,
        vectors=("byte", "disk"),
        texts=0,
        cluster=client,
    )
    overlaps = {graph.engine: graph.overlap for graph in report.widths[0].graphs}
    asked = (
        "OpenSearch HNSW",
        "OpenSearch HNSW, byte",
        "OpenSearch HNSW, disk",
        "exact, byte",
        "exact, disk",
    )
    # All 60 items are among the best 200.
    assert {engine: overlaps[engine] for engine in asked} == dict.fromkeys(asked, 1.0)
    assert ours(client) == set()


def test_a_failure_leaves_no_index(client: Cluster) -> None:
    items = np.eye(4, dtype=np.float32)
    with pytest.raises((AisleError, IndexError)):
        IndexSearch(client)(items, items[:2], ["a", "b", "c", "d"], 2)
    assert ours(client) == set()
