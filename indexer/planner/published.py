"""Recall that was published for vectors kept smaller. None of it was measured at 64 dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from indexer.planner.sources import BYTE_RECALL, DISK_RECALL, FP16_RECALL, Source


@dataclass(frozen=True, slots=True)
class Recall:
    """One published pair of figures, both recall@100 of HNSW by faiss against exact search.

    Attributes:
        data: the vectors.
        dims: their width.
        full, small: with float32 vectors, and with the smaller ones.
        source: who published it.
    """

    data: str
    dims: int
    full: float
    small: float
    source: Source


_MARCO: Final = "113 M passages, Cohere v3"
PUBLISHED: Final[Mapping[str, tuple[Recall, ...]]] = {
    "fp16": (
        Recall("1 M Cohere", 768, 0.9429, 0.9422, FP16_RECALL),
        Recall("1 M SIFT", 128, 0.9925, 0.9925, FP16_RECALL),
    ),
    "byte": (
        Recall("10 M Cohere", 768, 0.91, 0.83, BYTE_RECALL),
        Recall("1 M SIFT", 128, 0.99, 0.98, BYTE_RECALL),
    ),
    "on disk, 8x": (Recall(_MARCO, 1024, 0.95, 0.98, DISK_RECALL),),
    "on disk, 16x": (Recall(_MARCO, 1024, 0.95, 0.97, DISK_RECALL),),
    "on disk, 32x": (Recall(_MARCO, 1024, 0.95, 0.94, DISK_RECALL),),
}
"""Name of the storage to its figures. On disk, searches took 96 to 108 ms (p90) where float32 took 24."""
