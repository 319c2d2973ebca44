"""How vectors are kept in memory, and how much each way takes. Formulas of the OpenSearch documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from indexer.planner.sources import BINARY_MEMORY, BYTE_MEMORY, FP16_MEMORY, HNSW_MEMORY, Source

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
    source: Source
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
        storage: see there.
    """
    if not dims:
        return 0
    # In eighths of a byte and hundredths, so that 100 M times it is exact.
    eighths = storage.bits * dims + 8 * _BYTES_PER_LINK * m
    return -(-_OVERHEAD_PERCENT * eighths * vectors // 800)
