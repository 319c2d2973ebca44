"""What a k-NN engine writes to disk for one vector."""

from __future__ import annotations

from enum import StrEnum


class Engine(StrEnum):
    """The two engines of Aisle's mapping (see ``cluster.capabilities``)."""

    FAISS = "faiss"
    LUCENE = "lucene"
