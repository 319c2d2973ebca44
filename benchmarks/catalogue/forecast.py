"""What 100 million products would cost, from the rows of the catalogue benchmark. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aisle.mappings import IndexSettings
from benchmarks.catalogue.table import BUILD, Row, growths, search_figure

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


PRODUCTS: Final = 100_000_000
WORK: Final = f"{PRODUCTS:,} products: time"
_SPACE: Final = f"{PRODUCTS:,} products: space, "


def forecast(rows: Sequence[Row], settings: IndexSettings, cores: int) -> list[dict[str, Any]]:
    """Attempts: hours by the measured rates, and for each vector format the space by formula."""
    return [_work(rows, settings, cores), *_space(settings)]


def space_name(tried: str) -> str | None:
    """The vector format that an attempt is about, None if it is about something else."""
    return tried.removeprefix(_SPACE) if tried.startswith(_SPACE) else None


def _work(rows: Sequence[Row], settings: IndexSettings, cores: int) -> dict[str, Any]:
    last, laws = rows[-1], growths(rows, settings.ef_search)
    one_graph = laws[BUILD].at(PRODUCTS) * cores / 3600
    slowest = max(laws[search_figure(one["queries"])].at(PRODUCTS) for one in last["asked"])
    return {
        "tried": WORK,
        "value": {
            "core-hours to encode": round(core_hours(PRODUCTS, last["products_per_s"], cores), 1),
            f"core-hours to build graphs of {last['products']:,}": round(
                core_hours(PRODUCTS, last["vectors_per_s"], cores), 1
            ),
            "core-hours to build a single graph, by its growth": round(one_graph, 1),
            "ms for a search of a single graph (p50), by its growth": round(slowest, 2),
        },
    }


def _space(settings: IndexSettings) -> list[dict[str, Any]]:
    attempts = []
    for kind in FORMATS:
        disk = disk_bytes(PRODUCTS, settings.dims, settings.m, kind)
        attempts.append(
            {
                "tried": f"{_SPACE}{kind.name}",
                "value": {
                    "memory_gb": round(memory_bytes(PRODUCTS, settings.dims, settings.m, kind.bits) / GB, 1),
                    "disk_gb": round(disk / GB, 1),
                    "shards": shards(disk),
                },
            }
        )
    return attempts
