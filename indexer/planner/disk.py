"""How much disk an index takes, at rest and while a new release is made beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from indexer.planner.engine import Engine
from indexer.planner.storage import hnsw_bytes

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
