"""Where each rule and figure of a plan comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aisle.mappings.vector_types import VectorType

_DOCS: Final = "https://docs.opensearch.org/latest"
_BLOG: Final = "https://opensearch.org/blog"


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a figure comes from.

    Attributes:
        title: of the page, and the section.
        url: its address; empty for something of our own.
    """

    title: str
    url: str


HNSW_MEMORY: Final = Citation(
    "OpenSearch, Methods and engines, HNSW memory estimation",
    f"{_DOCS}/mappings/supported-field-types/knn-methods-engines/",
)
FP16_MEMORY: Final = Citation(
    "OpenSearch, Faiss 16-bit scalar quantization, HNSW memory estimation",
    f"{_DOCS}/vector-search/optimizing-storage/faiss-16-bit-quantization/",
)
BYTE_MEMORY: Final = Citation(
    "OpenSearch, Memory-optimized vectors, Byte vectors, HNSW memory estimation",
    f"{_DOCS}/mappings/supported-field-types/knn-memory-optimized/",
)
BINARY_MEMORY: Final = Citation(
    "OpenSearch, Binary quantization, HNSW memory estimation",
    f"{_DOCS}/vector-search/optimizing-storage/binary-quantization/",
)
GRAPH: Final = Citation(
    "lucene, GroupVIntUtil; and docs/how-to/choose-vectors.md, measured in our own mapping", ""
)
MEMORY: Final[Mapping[VectorType, Citation]] = {
    VectorType.FP32: HNSW_MEMORY,
    VectorType.FP16: FP16_MEMORY,
    VectorType.BYTE: BYTE_MEMORY,
    VectorType.DISK: BINARY_MEMORY,
}
BREAKER: Final = Citation(
    "OpenSearch, Vector search settings, knn.memory.circuit_breaker.limit", f"{_DOCS}/vector-search/settings/"
)
HEAP: Final = Citation(
    "OpenSearch, Installing OpenSearch, Important settings, OPENSEARCH_JAVA_OPTS",
    f"{_DOCS}/install-and-configure/install-opensearch/index/",
)
COMPRESSED_POINTERS: Final = Citation(
    "Oracle, Java HotSpot VM Performance Enhancements, Compressed Oops",
    "https://docs.oracle.com/javase/8/docs/technotes/guides/vm/performance-enhancements-7.html",
)
SHARD_SIZE: Final = Citation(
    "AWS, Amazon OpenSearch Service Lens, AOSPERF01-BP01",
    "https://docs.aws.amazon.com/wellarchitected/latest/amazon-opensearch-service-lens/aosperf01-bp01.html",
)
LARGEST_SHARD: Final = Citation(
    "Lucene, IndexWriter.MAX_DOCS",
    "https://lucene.apache.org/core/10_3_2/core/org/apache/lucene/index/IndexWriter.html",
)
MERGE: Final = Citation(
    "Lucene, IndexWriter.forceMerge",
    "https://lucene.apache.org/core/10_3_2/core/org/apache/lucene/index/IndexWriter.html",
)
WATERMARK: Final = Citation(
    "OpenSearch, Cluster settings, cluster.routing.allocation.disk.watermark.low",
    f"{_DOCS}/install-and-configure/configuring-opensearch/cluster-settings/",
)
MEASURED: Final = Citation(
    "docs/how-to/large-catalogues.md, between homedepot and icecat in our own mapping", ""
)
FP16_RECALL: Final = Citation(
    "OpenSearch blog, Optimizing OpenSearch with Faiss FP16 scalar quantization, 2024",
    f"{_BLOG}/optimizing-opensearch-with-fp16-quantization/",
)
BYTE_RECALL: Final = Citation(
    "OpenSearch blog, Introducing byte vector support for Faiss, 2024", f"{_BLOG}/faiss-byte-vector/"
)
DISK_RECALL: Final = Citation(
    "OpenSearch blog, Reduce costs with disk-based vector search, 2025",
    f"{_BLOG}/reduce-cost-with-disk-based-vector-search/",
)


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
    source: Citation


_MARCO: Final = "113 M passages, Cohere v3"
PUBLISHED: Final[Mapping[VectorType, tuple[Recall, ...]]] = {
    VectorType.FP16: (
        Recall("1 M Cohere", 768, 0.9429, 0.9422, FP16_RECALL),
        Recall("1 M SIFT", 128, 0.9925, 0.9925, FP16_RECALL),
    ),
    VectorType.BYTE: (
        Recall("10 M Cohere", 768, 0.91, 0.83, BYTE_RECALL),
        Recall("1 M SIFT", 128, 0.99, 0.98, BYTE_RECALL),
    ),
    VectorType.DISK: (Recall(_MARCO, 1024, 0.95, 0.94, DISK_RECALL),),
}
"""Type to its figures. On disk (32x, rescored as OpenSearch does by itself), searches took 96 to 108 ms (p90)
where float32 took 24."""
