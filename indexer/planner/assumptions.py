"""What a plan rests on, said beside its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.planner import sources
from indexer.planner.request import PlanRequest
from indexer.planner.sources import Source


@dataclass(frozen=True, slots=True)
class Assumption:
    """Attributes:
    text: one sentence.
    source: who says so; None: our own choice.
    """

    text: str
    source: Source | None = None


def assumptions(asked: PlanRequest) -> tuple[Assumption, ...]:
    """Every one that this plan makes."""
    own = (
        Assumption("the cluster holds this catalogue alone, and its nodes run nothing but OpenSearch"),
        Assumption("a search asks the live release only: vectors of kept releases are not counted in memory"),
        Assumption("after a swap, the first searches load the new release's vectors"),
        Assumption("all nodes are up: to lose one without slower searches, add one"),
        Assumption("processor cores are not planned: measure a search of your own on one shard"),
    )
    cited = (
        Assumption(
            f"a document takes {asked.text_bytes:,} bytes on disk without its vector", sources.MEASURED
        ),
        Assumption("shards hold about 20 GiB, the middle of 10 to 30 GiB for searches", sources.SHARD_SIZE),
        Assumption("the heap is half of a node's memory", sources.HEAP),
        Assumption("and at most 31 GiB, for compressed pointers", sources.COMPRESSED_POINTERS),
        Assumption("a merge to one segment needs the shard twice for a time", sources.MERGE),
        Assumption("disks are filled to 85 %", sources.WATERMARK),
    )
    return (*(_of_vectors(asked) if asked.dims else ()), *cited, *own)


def _of_vectors(asked: PlanRequest) -> tuple[Assumption, ...]:
    room = "half of what the heap leaves may hold vectors and graphs"
    found = [
        Assumption("vectors and graphs take 1.1 * (4 * dims + 8 * m) bytes each", sources.HNSW_MEMORY),
        Assumption(
            f"{room}: the breaker's default with faiss, our choice for lucene's page cache", sources.BREAKER
        ),
    ]
    if asked.m != 16:
        found.append(Assumption("`aisle index` itself writes m = 16"))
    return tuple(found)
