"""The whole plan."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from indexer.planner.assumptions import Assumption, assumptions
from indexer.planner.disk import DiskNeed, disk_need, primary_bytes
from indexer.planner.nodes import Nodes, nodes_needed
from indexer.planner.published import PUBLISHED, Recall
from indexer.planner.request import PlanRequest
from indexer.planner.shards import balanced_shards, fewest_shards
from indexer.planner.storage import STORAGES, Storage, hnsw_bytes


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to keep the vectors; the first of a plan is float32, which ``aisle index`` writes.

    Attributes:
        storage: the way.
        one_copy, all_copies: memory for vectors and graphs, bytes.
        nodes: data nodes that it needs.
        recall: what was published for it.
    """

    storage: Storage
    one_copy: int
    all_copies: int
    nodes: int
    recall: tuple[Recall, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Attributes:
    request: what was asked.
    shards: primary shards of a release.
    shard_bytes, shard_docs: of each, merged.
    nodes: data nodes.
    disk: in the whole cluster.
    vectors: memory, float32 first.
    flags: for ``aisle index``.
    assumptions: what the numbers rest on.
    """

    request: PlanRequest
    shards: int
    shard_bytes: int
    shard_docs: int
    nodes: Nodes
    disk: DiskNeed
    vectors: tuple[Alternative, ...]
    flags: tuple[str, ...]
    assumptions: tuple[Assumption, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; sizes in bytes."""
        return asdict(self)


def plan(request: PlanRequest) -> Plan:
    """Size a cluster for one catalogue. Pure: nothing is asked of a cluster."""
    asked = request
    primary = primary_bytes(asked.docs, asked.dims, asked.m, asked.engine, asked.text_bytes)
    disk = disk_need(primary, replicas=asked.replicas, keep=asked.keep)
    sized = partial(
        nodes_needed,
        disk=disk.to_provide,
        copies=asked.copies,
        node_memory=asked.node_memory,
        node_disk=asked.node_disk,
    )
    needs = [(storage, hnsw_bytes(asked.docs, asked.dims, asked.m, storage)) for storage in STORAGES]
    nodes = sized(vector_memory=needs[0][1] * asked.copies)
    shards = balanced_shards(fewest_shards(primary, asked.docs), asked.copies, nodes.count)
    return Plan(
        request=asked,
        shards=shards,
        shard_bytes=-(-primary // shards),
        shard_docs=-(-asked.docs // shards),
        nodes=nodes,
        disk=disk,
        vectors=tuple(
            Alternative(
                storage=storage,
                one_copy=need,
                all_copies=need * asked.copies,
                nodes=sized(vector_memory=need * asked.copies).count,
                recall=PUBLISHED.get(storage.name, ()),
            )
            for storage, need in needs
        ),
        flags=_flags(asked, shards),
        assumptions=assumptions(asked),
    )


def _flags(asked: PlanRequest, shards: int) -> tuple[str, ...]:
    width = ("--dims", str(asked.dims)) if asked.dims else ("--encoder", "none")
    numbers = {"--shards": shards, "--replicas": asked.replicas, "--keep": asked.keep}
    return (
        *width,
        *(part for flag, value in numbers.items() for part in (flag, str(value))),
        "--force-merge",
    )
