"""What a catalogue of another size takes, by formula and by the rates that were measured. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

GB: Final = 1_000_000_000
SHARD_GB: Final = 30
"""OpenSearch's own advice is 10 to 30 GB a shard where latency matters, 30 to 50 GB where writing does."""

_HEADROOM: Final = 1.1
_LINK_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class VectorFormat:
    """How OpenSearch keeps vectors for searching.

    Attributes:
        name: as the tables call it.
        bits: per dimension in the graph.
        raw_bits: per dimension of the vectors that are kept on disk beside it.
    """

    name: str
    bits: int
    raw_bits: int = 32


FORMATS: Final = (
    VectorFormat("float32", 32),
    VectorFormat("fp16 (`sq` encoder)", 16),
    VectorFormat("byte", 8, raw_bits=8),
    VectorFormat("1 bit (`on_disk`, 32x)", 1),
)


def memory_bytes(products: int, dims: int, m: int, bits: int) -> float:
    """Memory of the graphs with their vectors: 1.1 * (dims * bits / 8 + 8 * m) bytes a vector.

    OpenSearch documentation, "Methods and engines" and "Binary quantization", HNSW memory estimation. One
    copy; every replica takes as much again.
    """
    return products * _HEADROOM * (dims * bits / 8 + _LINK_BYTES * m)


def disk_bytes(products: int, dims: int, m: int, kind: VectorFormat) -> float:
    """The graph's file and the vectors kept beside it. Text, facets and stored source come on top."""
    return products * (dims * (kind.bits + kind.raw_bits) / 8 + _LINK_BYTES * m)


def shards(total_bytes: float, largest_gb: int = SHARD_GB) -> int:
    """The fewest shards of at most ``largest_gb`` GB each."""
    return max(1, math.ceil(total_bytes / (largest_gb * GB)))


def core_hours(products: int, per_second: float, cores: int) -> float:
    """Hours of one core for ``products`` at a rate that ``cores`` of them reach together."""
    return products / per_second * cores / 3600
