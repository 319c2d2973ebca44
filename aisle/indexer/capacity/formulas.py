"""How much disk an index takes, at rest and while a new release is made beside it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aisle.errors import InputError
from aisle.mappings.vector_types import VectorLayout, VectorType, layout


class Engine(StrEnum):
    """The two engines of Aisle's mapping (see ``aisle.cluster.capabilities``)."""

    FAISS = "faiss"
    LUCENE = "lucene"


@dataclass(frozen=True, slots=True)
class VectorBytes:
    """One copy of a release's vectors and graphs.

    Attributes:
        memory: what searches read: faiss loads it, lucene has it in the page cache.
        disk: all their files.
    """

    memory: int
    disk: int

    def __add__(self, other: VectorBytes) -> VectorBytes:
        """Those of two fields."""
        return VectorBytes(self.memory + other.memory, self.disk + other.disk)


NO_VECTORS: Final = VectorBytes(0, 0)
_OVERHEAD_PERCENT: Final = 110
_BYTES_PER_LINK: Final = 8


def hnsw_bytes(vectors: int, dims: int, m: int, bits: int = 32) -> int:
    """Memory of one copy's graphs and vectors: ``1.1 * (bits / 8 * dims + 8 * m) * vectors``, rounded up.

    Args:
        vectors: how many; deleted ones count until they are merged away.
        dims: width.
        m: links per vector; the lowest level has twice as many, which is why one counts 8 bytes.
        bits: of a dimension.
    """
    if not dims:
        return 0
    # In eighths of a byte and hundredths, so that 100 M times it is exact.
    eighths = bits * dims + 8 * _BYTES_PER_LINK * m
    return -(-_OVERHEAD_PERCENT * eighths * vectors // 800)


# Of the 2 * m that a vector may have on the lowest level, so many are left where products are alike; random
# vectors, which no catalogue has, keep nearly all.
_LINKS_KEPT: Final = 0.75
# Groups of four numbers begin with a byte that says how long each is.
_GROUP: Final = 0.25
# The higher levels, which every m-th vector is on, and where each vector's links begin.
_FURTHER: Final = 2


def lucene_graph_bytes(vectors: int, m: int) -> int:
    """``.vex``: the links of each vector, as the gaps between their sorted numbers in 1 to 4 bytes each.

    Gaps of numbers drawn at random are spread exponentially, so they take the more bytes the more vectors
    there are (lucene's ``GroupVIntUtil``).

    Args:
        vectors: of one segment.
        m: links per vector of the graph.
    """
    links = min(2 * m * _LINKS_KEPT, max(0, vectors - 1))
    if not links:
        return 0
    gap = vectors / links
    size = 1 + sum(math.exp(-(256**longer) / gap) for longer in (1, 2, 3))
    return math.ceil(vectors * (links * (size + _GROUP) + _FURTHER))


# The factors of its quantised vectors, kept with each.
_LUCENE_FACTORS: Final = 4


def faiss_bytes(docs: int, dims: int, m: int, layout: VectorLayout) -> VectorBytes:
    """``.faiss``, which is loaded into memory, and the vectors that merges and rescoring read."""
    memory = hnsw_bytes(docs, dims, m, layout.bits)
    return VectorBytes(memory, docs * dims * layout.written + memory)


def lucene_bytes(docs: int, dims: int, m: int, layout: VectorLayout) -> VectorBytes:
    """``.vec``, ``.vex`` and, where there are copies to search in, ``.veq``."""
    graph = lucene_graph_bytes(docs, m)
    searched = docs * dims * layout.bits // 8
    if not layout.copied:
        return VectorBytes(searched + graph, searched + graph)
    searched += docs * _LUCENE_FACTORS
    return VectorBytes(searched + graph, searched + graph + docs * dims * layout.written)


_BYTES_OF: Final[Mapping[Engine, Callable[[int, int, int, VectorLayout], VectorBytes]]] = {
    Engine.FAISS: faiss_bytes,
    Engine.LUCENE: lucene_bytes,
}


def vector_bytes(docs: int, dims: int, m: int, kept_as: VectorType, engine: Engine) -> VectorBytes:
    """Memory and disk of one copy's vectors and graphs.

    Args:
        docs: in one index.
        dims: width; 0 without vectors.
        m: links per vector of the graph.
        kept_as: type of their numbers.
        engine: that keeps them.

    Raises:
        CapabilityMissing: it does not keep that type.
    """
    kept = layout(kept_as, engine)
    return _BYTES_OF[engine](docs, dims, m, kept) if dims else NO_VECTORS


TEXT_BYTES: Final = 1_000
"""One document without its vector, merged: on the safe side of icecat's 818; homedepot's titles take 154."""
MERGE_FACTOR: Final = 2
"""A shard that is merged into one segment exists twice until the old segments go."""
USABLE: Final = 0.85
"""Above this share used, OpenSearch puts no further shards on a node (watermark.low)."""


@dataclass(frozen=True, slots=True)
class DiskNeed:
    """Bytes in the whole cluster.

    Attributes:
        primary: one copy of one release, merged: what its primary shards hold.
        at_rest: the live release and the kept ones, with replicas.
        at_peak: the most while the next release is built, merged and copied beside them.
        to_provide: at_peak, below the watermark.
    """

    primary: int
    at_rest: int
    at_peak: int
    to_provide: int


def primary_bytes(docs: int, vectors: VectorBytes, text_bytes: int = TEXT_BYTES) -> int:
    """One copy of one release, merged: ``docs * text_bytes`` and its vector files."""
    return docs * text_bytes + vectors.disk


def disk_need(primary: int, *, replicas: int, keep: int) -> DiskNeed:
    """The cluster's disk for releases of that size.

    Args:
        primary: see ``primary_bytes``.
        replicas: of the finished release; while it is loaded and merged it has none.
        keep: older releases that stay.
    """
    copies = 1 + replicas
    at_rest = primary * copies * (1 + keep)
    # The new release is merged before its replicas are made, so the two peaks do not add up.
    at_peak = at_rest + primary * max(MERGE_FACTOR, copies)
    return DiskNeed(primary, at_rest, at_peak, int(at_peak / USABLE) + 1)


_COUNTS: Final = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}
# A plain letter is the binary unit, as in the JVM's own -Xmx31g.
_BYTES: Final = {
    "": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40,
    "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
    "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
}  # fmt: skip
_NUMBER: Final = re.compile(r"([0-9][0-9_,]*(?:\.[0-9]+)?)\s*([a-z]*)")
GIB: Final = 2**30


def parse_count(text: str) -> int:
    """Documents: ``826402``, ``10k``, ``1.5M``, ``2B``.

    Raises:
        InputError: no such number, or less than 1.
    """
    return _parsed(text, _COUNTS, "a number of documents", "write it like 826402, 10k, 100M or 2B")


def parse_bytes(text: str) -> int:
    """Bytes: ``64GiB``, ``64g`` (the same), ``2TB`` (decimal).

    Raises:
        InputError: no such size, or less than 1 byte.
    """
    return _parsed(text, _BYTES, "a size", "write it like 64GiB, 500GB or 2TiB")


def _parsed(text: str, units: Mapping[str, int], what: str, fix: str) -> int:
    match = _NUMBER.fullmatch(text.strip().lower())
    if match is None or match[2] not in units:
        raise InputError(f"{text[:40]!r} is not {what}", fix=fix)
    number = match[1].replace(",", "").replace("_", "")
    # Whole numbers stay exact beyond what a float can hold.
    value = int(float(number) * units[match[2]]) if "." in number else int(number) * units[match[2]]
    if value < 1:
        raise InputError(f"{text[:40]!r} is less than 1", fix=fix)
    return value


LARGEST_HEAP: Final = 31 * GIB
"""Below 32 GiB the JVM uses compressed pointers; a slightly larger heap holds less."""
VECTOR_SHARE: Final = 2
"""Half of what the heap leaves may hold vector graphs (faiss: the circuit breaker's default)."""


class Bound(StrEnum):
    """What decides the number of nodes."""

    MEMORY = "memory for vectors"
    DISK = "disk"
    COPIES = "copies that must lie on different nodes"


@dataclass(frozen=True, slots=True)
class Nodes:
    """How many data nodes, and of what size.

    Attributes:
        count: data nodes.
        heap: -Xms and -Xmx of each, bytes.
        vectors: room for vector graphs on each, bytes.
        bound: what decided the count.
    """

    count: int
    heap: int
    vectors: int
    bound: Bound


def heap_bytes(node_memory: int) -> int:
    """Half of the memory, at most 31 GiB."""
    return min(node_memory // 2, LARGEST_HEAP)


def vector_room(node_memory: int) -> int:
    """What one node can hold of vector graphs without evicting any."""
    return (node_memory - heap_bytes(node_memory)) // VECTOR_SHARE


def nodes_needed(
    *, vector_memory: int, disk: int, copies: int, node_memory: int, node_disk: int | None
) -> Nodes:
    """The fewest data nodes that hold all copies in memory and all releases on disk.

    Args:
        vector_memory: of all copies, bytes.
        disk: to provide in the whole cluster, bytes.
        copies: of each shard; no node holds two of one shard.
        node_memory: of one node, bytes.
        node_disk: of one node, bytes; None: disk decides nothing.
    """
    room = vector_room(node_memory)
    needs = {
        Bound.COPIES: copies,
        Bound.MEMORY: -(-vector_memory // room),
        Bound.DISK: -(-disk // node_disk) if node_disk else 0,
    }
    bound = max(needs, key=lambda reason: needs[reason])
    return Nodes(needs[bound], heap_bytes(node_memory), room, bound)
