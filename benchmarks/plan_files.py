"""The files of a merged index, by what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from opensearchpy import OpenSearch

VECTORS: Final = ("vec", "vemf", "vemq", "veq")
GRAPHS: Final = ("vex", "vem", "faiss")


@dataclass(frozen=True, slots=True)
class IndexFiles:
    """Bytes of one primary shard's live segments.

    Attributes:
        store: all of them. What a merge left behind until the next commit is not in it.
        vectors: the floats (``.vec`` and its table).
        graphs: the HNSW graph (lucene's ``.vex``; faiss' ``.faiss``, which holds the vectors once more).
        compound: small segments of many, in one file each; what is in them cannot be told apart.
        segments: how many; 1 when it was merged.
    """

    store: int
    vectors: int
    graphs: int
    compound: int
    segments: int

    @property
    def text(self) -> int:
        """Everything that is no vector: postings, stored fields, doc values."""
        return self.store - self.vectors - self.graphs - self.compound


def index_files(client: OpenSearch, index: str) -> IndexFiles:
    """Ask the node for the sizes of what a search sees."""
    client.indices.refresh(index=index)
    params = {"include_segment_file_sizes": "true"}
    answer = client.indices.stats(index=index, metric="segments", params=params)
    return read_files(answer["_all"]["primaries"])


def read_files(stats: Mapping[str, Any]) -> IndexFiles:
    """The pure part: from ``_all.primaries`` of ``GET <index>/_stats``."""
    sizes = {name: int(file["size_in_bytes"]) for name, file in stats["segments"]["file_sizes"].items()}
    vectors = sum(sizes.get(name, 0) for name in VECTORS)
    graphs = sum(sizes.get(name, 0) for name in GRAPHS)
    segments = int(stats["segments"]["count"])
    return IndexFiles(sum(sizes.values()), vectors, graphs, sizes.get("cfs", 0), segments)
