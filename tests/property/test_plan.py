"""Every plan keeps its promises, whatever is asked."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from aisle.indexer.capacity import Engine, PlanRequest, plan
from aisle.indexer.capacity.formulas import GIB, parse_count
from aisle.indexer.capacity.plan import MAX_DOCS, TARGET_BYTES
from aisle.mappings.vector_types import LAYOUTS, VectorType

# On a busy machine a draw may take seconds.
PATIENT = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
WAYS = [(engine, kept_as) for kept_as in VectorType for engine in Engine if engine in LAYOUTS[kept_as]]
REQUESTS = st.sampled_from(WAYS).flatmap(
    lambda way: st.builds(
        PlanRequest,
        engine=st.just(way[0]),
        vectors=st.just(way[1]),
        docs=st.integers(1, 10**11),
        dims=st.integers(0, 2048),
        m=st.integers(2, 64),
        replicas=st.integers(0, 4),
        keep=st.integers(0, 4),
        text_bytes=st.integers(1, 20_000),
        node_memory=st.integers(4 * GIB, 512 * GIB),
        node_disk=st.none() | st.integers(GIB, 16_384 * GIB),
    )
)


@PATIENT
@given(REQUESTS)
def test_it_fits(asked: PlanRequest) -> None:
    found = plan(asked)
    nodes = found.nodes
    assert nodes.count >= asked.copies
    assert nodes.count * nodes.vectors >= found.memory.all_copies
    assert asked.node_disk is None or nodes.count * asked.node_disk >= found.disk.to_provide
    assert nodes.heap + nodes.vectors <= asked.node_memory
    assert nodes.heap <= 31 * GIB
    assert found.shards * found.shard_docs >= asked.docs
    assert found.shard_docs <= MAX_DOCS
    assert found.shard_bytes <= TARGET_BYTES
    assert found.disk.primary < found.disk.at_peak < found.disk.to_provide


@PATIENT
@given(REQUESTS)
def test_no_more_than_needed(asked: PlanRequest) -> None:
    found = plan(asked)
    fewer = found.nodes.count - 1
    enough_memory = fewer * found.nodes.vectors >= found.memory.all_copies
    enough_disk = asked.node_disk is None or fewer * asked.node_disk >= found.disk.to_provide
    assert not (fewer >= asked.copies and enough_memory and enough_disk)
    # Twice the fewest shards would be half the target in each, or less.
    assert found.shards == 1 or found.shard_bytes * 2 > TARGET_BYTES // 2 or found.shard_docs * 4 > MAX_DOCS


@PATIENT
@given(REQUESTS, st.integers(1, 10**9))
def test_more_documents_never_need_less(asked: PlanRequest, more: int) -> None:
    small, large = plan(asked), plan(replace(asked, docs=asked.docs + more))
    assert large.disk.to_provide >= small.disk.to_provide
    assert large.nodes.count >= small.nodes.count
    assert all(
        after.all_copies >= before.all_copies
        for before, after in zip(small.vectors, large.vectors, strict=True)
    )


@PATIENT
@given(REQUESTS)
def test_smaller_vectors_never_need_more(asked: PlanRequest) -> None:
    full, *smaller = plan(asked).vectors
    assert full.kept_as is VectorType.FP32
    # Beside a quantised vector lucene keeps four bytes of its own, which one dimension does not win back.
    assume(asked.dims != 1)
    assert all(way.all_copies <= full.all_copies for way in smaller)
    # On disk the full vectors stay as well, and disk may decide.
    assert all(way.nodes <= full.nodes or way.primary > full.primary for way in smaller)


@PATIENT
@given(st.integers(1, 10**15), st.sampled_from([("", 1), ("k", 10**3), ("M", 10**6), ("B", 10**9)]))
def test_counts_are_exact(number: int, unit: tuple[str, int]) -> None:
    assert parse_count(f"{number:,}{unit[0]}") == number * unit[1]
