"""The whole plan."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from aisle.errors import InputError
from aisle.indexer.capacity import sources
from aisle.indexer.capacity.formulas import (
    GIB,
    TEXT_BYTES,
    DiskNeed,
    Engine,
    Nodes,
    VectorBytes,
    disk_need,
    nodes_needed,
    primary_bytes,
    vector_bytes,
)
from aisle.indexer.capacity.sources import PUBLISHED, Citation, Recall
from aisle.mappings.vector_types import LAYOUTS, VectorType, layout

# What OpenSearch takes as the dimension of a knn_vector.
_MAX_DIMS: Final = 16_000
_MAX_DOCS: Final = 10**12


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """The catalogue and the load that a plan is made for.

    Attributes:
        docs: items of the catalogue.
        dims: width of the vectors; 0 plans an index of words alone.
        m: links per vector of the HNSW graph; ``aisle index`` writes 16.
        replicas: further copies of each shard.
        keep: older releases that stay for a way back, as in ``aisle index --keep``.
        engine: k-NN engine; it decides how often a vector is on disk.
        vectors: what their numbers are kept as.
        item_dims: width of item vectors, which a release has that recommends; they are full floats. 0: none.
        head_dims: width of each head's vector, which a release has that relates items; full floats. 0: none.
        text_bytes: of one document on disk, without its vector.
        node_memory: of one data node, bytes, the operating system's share included.
        node_disk: of one data node, bytes; None: whatever it takes.

    Raises:
        InputError: a number that means nothing.
        CapabilityMissing: the engine does not keep vectors of that type.
    """

    docs: int
    dims: int = 64
    m: int = 16
    replicas: int = 1
    keep: int = 1
    engine: Engine = Engine.FAISS
    vectors: VectorType = VectorType.FP32
    item_dims: int = 0
    head_dims: int = 0
    text_bytes: int = TEXT_BYTES
    node_memory: int = 64 * GIB
    node_disk: int | None = None

    def __post_init__(self) -> None:
        checks = (
            (1 <= self.docs <= _MAX_DOCS, f"{self.docs} documents", f"1 to {_MAX_DOCS:,}"),
            (0 <= self.dims <= _MAX_DIMS, f"{self.dims} dimensions", f"0 (words alone) to {_MAX_DIMS:,}"),
            (0 <= self.item_dims <= _MAX_DIMS, f"{self.item_dims} dimensions", f"0 to {_MAX_DIMS:,}"),
            (0 <= self.head_dims <= _MAX_DIMS, f"{self.head_dims} dimensions", f"0 to {_MAX_DIMS:,}"),
            (2 <= self.m <= 512, f"{self.m} links per vector", "2 to 512"),
            (0 <= self.replicas <= 100, f"{self.replicas} replicas", "0 to 100"),
            (0 <= self.keep <= 100, f"{self.keep} kept releases", "0 to 100"),
            (1 <= self.text_bytes <= 2**30, f"{self.text_bytes} bytes per document", f"1 to {2**30:,}"),
            (self.node_memory >= GIB, f"{self.node_memory} bytes of memory per node", "1GiB or more"),
            (
                self.node_disk is None or self.node_disk >= GIB,
                f"{self.node_disk} bytes of disk per node",
                "1GiB or more",
            ),
        )
        for fits, what, allowed in checks:
            if not fits:
                raise InputError(f"{what} cannot be planned for", fix=f"use {allowed}")
        layout(self.vectors, self.engine)

    @property
    def float_dims(self) -> tuple[int, ...]:
        """Widths of the vectors beside those of searches, each in a graph of its own."""
        return tuple(filter(None, (self.item_dims, self.head_dims, self.head_dims)))

    @property
    def has_vectors(self) -> bool:
        """Whether there are any."""
        return self.dims > 0 or self.float_dims != ()

    @property
    def copies(self) -> int:
        """Of each shard: the primary and its replicas."""
        return 1 + self.replicas


@dataclass(frozen=True, slots=True)
class Assumption:
    """What a plan takes for granted.

    Attributes:
        text: one sentence.
        source: who says so; None: our own choice.
    """

    text: str
    source: Citation | None = None


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
    return (*(_of_vectors(asked) if asked.has_vectors else ()), *cited, *own)


def _of_vectors(asked: PlanRequest) -> tuple[Assumption, ...]:
    room = "half of what the heap leaves may hold vectors and graphs"
    bits = layout(asked.vectors, asked.engine).bits
    found = [
        Assumption(
            f"vectors and graphs take 1.1 * ({bits} / 8 * dims + 8 * m) bytes each",
            sources.MEMORY[asked.vectors],
        )
        if asked.engine is Engine.FAISS
        else Assumption(
            f"vectors take {bits} / 8 * dims bytes each, and graphs 1.5 * m gaps of 1 to 4 bytes",
            sources.GRAPH,
        ),
        Assumption(
            f"{room}: the breaker's default with faiss, our choice for lucene's page cache", sources.BREAKER
        ),
    ]
    if asked.float_dims:
        found.append(Assumption("item vectors and those of heads are kept as fp32, each in its own graph"))
    if asked.m != 16:
        found.append(Assumption("`aisle index` itself writes m = 16"))
    return tuple(found)


TARGET_BYTES: Final = 20 * GIB
"""The middle of 10 to 30 GiB, the range for searches."""
MAX_DOCS: Final = 2**31 - 1 - 128
"""Lucene's limit for one shard."""


def fewest_shards(primary: int, docs: int) -> int:
    """As few shards as keep each near the target size and below Lucene's limit."""
    return max(1, -(-primary // TARGET_BYTES), -(-docs // MAX_DOCS))


def balanced_shards(fewest: int, copies: int, nodes: int) -> int:
    """The next number of shards whose copies spread evenly over the nodes.

    Never twice the fewest or more: a search asks every shard, and small ones cost more than an uneven spread.
    """
    for shards in range(fewest, 2 * fewest):
        if shards * copies % nodes == 0:
            return shards
    return fewest


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to keep the vectors, as ``aisle index --vectors`` does.

    Attributes:
        kept_as: type of their numbers.
        one_copy, all_copies: memory for vectors and graphs, bytes.
        primary: disk of one copy of one release, merged, bytes.
        nodes: data nodes that it needs.
        recall: what was published for it.
    """

    kept_as: VectorType
    one_copy: int
    all_copies: int
    primary: int
    nodes: int
    recall: tuple[Recall, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The cluster that a catalogue needs, and what that rests on.

    Attributes:
        request: what was asked.
        shards: primary shards of a release.
        shard_bytes, shard_docs: of each, merged.
        nodes: data nodes.
        disk: in the whole cluster.
        vectors: every way that the engine has to keep them.
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

    @property
    def memory(self) -> Alternative:
        """Of the way that was asked for."""
        return next(way for way in self.vectors if way.kept_as is self.request.vectors)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; sizes in bytes."""
        return asdict(self)


def plan(request: PlanRequest) -> Plan:
    """Size a cluster for one catalogue. Pure: nothing is asked of a cluster."""
    asked = request
    needs = {kept_as: _vectors(asked, kept_as) for kept_as in VectorType if asked.engine in LAYOUTS[kept_as]}
    primary, disk = _on_disk(asked, needs[asked.vectors])
    nodes = _nodes(asked, disk, needs[asked.vectors].memory)
    shards = balanced_shards(fewest_shards(primary, asked.docs), asked.copies, nodes.count)
    return Plan(
        request=asked,
        shards=shards,
        shard_bytes=-(-primary // shards),
        shard_docs=-(-asked.docs // shards),
        nodes=nodes,
        disk=disk,
        vectors=tuple(_alternative(asked, kept_as, need) for kept_as, need in needs.items()),
        flags=_flags(asked, shards),
        assumptions=assumptions(asked),
    )


def _vectors(asked: PlanRequest, kept_as: VectorType) -> VectorBytes:
    found = vector_bytes(asked.docs, asked.dims, asked.m, kept_as, asked.engine)
    for dims in asked.float_dims:
        found += vector_bytes(asked.docs, dims, asked.m, VectorType.FP32, asked.engine)
    return found


def _on_disk(asked: PlanRequest, need: VectorBytes) -> tuple[int, DiskNeed]:
    primary = primary_bytes(asked.docs, need, asked.text_bytes)
    return primary, disk_need(primary, replicas=asked.replicas, keep=asked.keep)


def _alternative(asked: PlanRequest, kept_as: VectorType, need: VectorBytes) -> Alternative:
    primary, disk = _on_disk(asked, need)
    return Alternative(
        kept_as=kept_as,
        one_copy=need.memory,
        all_copies=need.memory * asked.copies,
        primary=primary,
        nodes=_nodes(asked, disk, need.memory).count,
        recall=PUBLISHED.get(kept_as, ()),
    )


def _nodes(asked: PlanRequest, disk: DiskNeed, one_copy: int) -> Nodes:
    return nodes_needed(
        vector_memory=one_copy * asked.copies,
        disk=disk.to_provide,
        copies=asked.copies,
        node_memory=asked.node_memory,
        node_disk=asked.node_disk,
    )


def _flags(asked: PlanRequest, shards: int) -> tuple[str, ...]:
    width = ["--dims", str(asked.dims)] if asked.dims else ["--encoder", "none"]
    if asked.dims and asked.vectors is not VectorType.FP32:
        width += ["--vectors", asked.vectors.value]
    numbers = {"--shards": shards, "--replicas": asked.replicas, "--keep": asked.keep}
    return (
        *width,
        *(("--recommender", "NAME") if asked.item_dims else ()),
        *(("--item-to-item", "NAME") if asked.head_dims else ()),
        *(part for flag, value in numbers.items() for part in (flag, str(value))),
        "--force-merge",
    )
