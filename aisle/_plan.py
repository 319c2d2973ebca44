"""How large a cluster a catalogue needs."""

from __future__ import annotations

from aisle.errors import InputError
from aisle.indexer import capacity
from aisle.indexer.capacity import Engine, Plan, PlanRequest, parse_bytes, parse_count
from aisle.indexer.capacity.formulas import TEXT_BYTES
from aisle.mappings.vector_types import VectorType

__all__ = ["TEXT_BYTES", "Engine", "VectorType", "plan"]


def plan(
    docs: int | str,
    *,
    dims: int = 64,
    m: int = 16,
    replicas: int = 1,
    keep: int = 1,
    engine: str = "faiss",
    vectors: str = "fp32",
    item_dims: int = 0,
    head_dims: int = 0,
    bytes_per_doc: int = TEXT_BYTES,
    node_memory: int | str = "64GiB",
    node_disk: int | str | None = None,
) -> Plan:
    """Size a cluster: shards, nodes, heap, disk and memory for vectors. Asks no cluster.

    Every number comes with the assumption that it rests on (``Plan.assumptions``).

    Example:
        >>> aisle.plan("100M", dims=64).nodes.count
        3

    Args:
        docs: items of the catalogue, such as 826402, "10k", "100M" or "2B".
        dims: width of the vectors; 0 plans for words alone.
        m: links per vector of the HNSW graph; ``aisle.index`` writes 16.
        replicas: further copies of each shard.
        keep: older releases to keep.
        engine: k-NN engine of the cluster, "faiss" or "lucene".
        vectors: what their numbers are kept as: "fp32", "fp16", "byte" or "disk", as in `aisle.index`.
        item_dims: width of the item vectors of a release that recommends (``aisle.index`` says it); 0: none.
        head_dims: width of each head's vector, if a release relates items to one another; 0: none.
        bytes_per_doc: of one document on disk, without its vector.
        node_memory: of one data node, in bytes or such as "64GiB".
        node_disk: of one data node, in bytes or such as "4TB"; None: whatever it takes.

    Raises:
        InputError: a number cannot be read or planned for.
        CapabilityMissing: the engine does not keep vectors of that type.
    """
    return capacity.plan(
        PlanRequest(
            docs=parse_count(str(docs)),
            dims=dims,
            m=m,
            replicas=replicas,
            keep=keep,
            engine=_engine(engine),
            vectors=VectorType.of(vectors),
            item_dims=item_dims,
            head_dims=head_dims,
            text_bytes=bytes_per_doc,
            node_memory=_bytes(node_memory),
            node_disk=None if node_disk is None else _bytes(node_disk),
        )
    )


def _bytes(size: int | str) -> int:
    return size if isinstance(size, int) else parse_bytes(size)


def _engine(name: str) -> Engine:
    try:
        return Engine(name)
    except ValueError:
        raise InputError(f"there is no k-NN engine {name!r}", fix=f"use one of {', '.join(Engine)}") from None
