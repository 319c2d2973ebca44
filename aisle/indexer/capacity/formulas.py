"""How much disk an index takes, at rest and while a new release is made beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aisle.errors import InputError
from aisle.indexer.capacity.sources import BINARY_MEMORY, BYTE_MEMORY, FP16_MEMORY, HNSW_MEMORY, Citation


class Engine(StrEnum):
    """The two engines of Aisle's mapping (see ``aisle.cluster.capabilities``)."""

    FAISS = "faiss"
    LUCENE = "lucene"


_OVERHEAD_PERCENT: Final = 110
_BYTES_PER_LINK: Final = 8


@dataclass(frozen=True, slots=True)
class Storage:
    """One way to keep vectors.

    Attributes:
        name: for people.
        bits: per dimension.
        setting: in the field's mapping.
        engines: that offer it.
        source: of the memory formula.
        rescored: full vectors are read from disk to rescore what the small ones found.
    """

    name: str
    bits: int
    setting: str
    engines: tuple[str, ...]
    source: Citation
    rescored: bool = False


FLOAT: Final = Storage("float32", 32, "compression_level 1x", ("faiss", "lucene"), HNSW_MEMORY)
STORAGES: Final = (
    FLOAT,
    Storage("fp16", 16, "method.parameters.encoder sq, type fp16", ("faiss",), FP16_MEMORY),
    Storage("byte", 8, "data_type byte", ("faiss", "lucene"), BYTE_MEMORY),
    Storage("on disk, 8x", 4, "mode on_disk, compression_level 8x", ("faiss",), BINARY_MEMORY, rescored=True),
    Storage(
        "on disk, 16x", 2, "mode on_disk, compression_level 16x", ("faiss",), BINARY_MEMORY, rescored=True
    ),
    Storage(
        "on disk, 32x", 1, "mode on_disk, compression_level 32x", ("faiss",), BINARY_MEMORY, rescored=True
    ),
)


def hnsw_bytes(vectors: int, dims: int, m: int, storage: Storage = FLOAT) -> int:
    """Memory of one copy's graphs and vectors: ``1.1 * (bits / 8 * dims + 8 * m) * vectors``, rounded up.

    Args:
        vectors: how many; deleted ones count until they are merged away.
        dims: width.
        m: links per vector; the lowest level has twice as many, which is why one counts 8 bytes.
        storage: how the vectors are stored.
    """
    if not dims:
        return 0
    # In eighths of a byte and hundredths, so that 100 M times it is exact.
    eighths = storage.bits * dims + 8 * _BYTES_PER_LINK * m
    return -(-_OVERHEAD_PERCENT * eighths * vectors // 800)


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


def lucene_vector_bytes(docs: int, dims: int, m: int) -> int:
    """``.vec`` and ``.vex``: the floats, and the graph, whose neighbour lists are compressed.

    The graph is taken at 8 * m bytes per vector, the documented formula without its tenth; it takes less.
    """
    return docs * (4 * dims + 8 * m) if dims else 0


def faiss_vector_bytes(docs: int, dims: int, m: int) -> int:
    """``.faiss``, which is loaded into memory, and the floats that merges build the next one from."""
    return 4 * dims * docs + hnsw_bytes(docs, dims, m)


VECTOR_BYTES: Final[Mapping[Engine, Callable[[int, int, int], int]]] = {
    Engine.FAISS: faiss_vector_bytes,
    Engine.LUCENE: lucene_vector_bytes,
}


def primary_bytes(docs: int, dims: int, m: int, engine: Engine, text_bytes: int = TEXT_BYTES) -> int:
    """One copy of one release, merged: ``docs * text_bytes`` and the engine's vector files."""
    return docs * text_bytes + VECTOR_BYTES[engine](docs, dims, m)


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
