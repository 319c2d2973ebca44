"""What a plan is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from indexer.planner.disk import TEXT_BYTES
from indexer.planner.engine import Engine
from indexer.planner.quantity import GIB
from records import InputError

# What OpenSearch takes as the dimension of a knn_vector.
_MAX_DIMS: Final = 16_000
_MAX_DOCS: Final = 10**12


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Attributes:
    docs: items of the catalogue.
    dims: width of the vectors; 0 plans an index of words alone.
    m: links per vector of the HNSW graph; ``aisle index`` writes 16.
    replicas: further copies of each shard.
    keep: older releases that stay for a way back, as in ``aisle index --keep``.
    engine: k-NN engine; it decides how often a vector is on disk.
    text_bytes: of one document on disk, without its vector.
    node_memory: of one data node, bytes, the operating system's share included.
    node_disk: of one data node, bytes; None: whatever it takes.

    Raises:
        InputError: a number that means nothing.
    """

    docs: int
    dims: int = 64
    m: int = 16
    replicas: int = 1
    keep: int = 1
    engine: Engine = Engine.FAISS
    text_bytes: int = TEXT_BYTES
    node_memory: int = 64 * GIB
    node_disk: int | None = None

    def __post_init__(self) -> None:
        checks = (
            (1 <= self.docs <= _MAX_DOCS, f"{self.docs} documents", f"1 to {_MAX_DOCS:,}"),
            (0 <= self.dims <= _MAX_DIMS, f"{self.dims} dimensions", f"0 (words alone) to {_MAX_DIMS:,}"),
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

    @property
    def copies(self) -> int:
        """Of each shard: the primary and its replicas."""
        return 1 + self.replicas
