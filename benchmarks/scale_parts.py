"""What the benchmark of indexing at scale runs on: a node with room, the tuned encoder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psutil
from opensearchpy import OpenSearch

from aisle.cluster import ClusterSettings, EmbeddedNode, NodeOptions, connect
from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.errors import ArtifactNotFound
from benchmarks.parts import TIMEOUT_S, OwnNode, load_encoder

DIMS: Final = 64
_TUNED: Final = "homedepot"
_MIB: Final = 1024 * 1024
# Merging 826,402 vectors builds their graph on the heap, beside two writers' bodies and buffers.
_WANTED_HEAP_MIB: Final = 4096


def heap_mib() -> int:
    """4 GiB, or a quarter of this machine's memory where that is less; the rest caches the index's files."""
    return max(512, min(_WANTED_HEAP_MIB, psutil.virtual_memory().total // 4 // _MIB))


@contextmanager
def roomy_node() -> Iterator[OwnNode]:
    """A fresh embedded node that nothing else uses; it goes at the end."""
    with EmbeddedNode.start(NodeOptions(name="benchmark-scale", heap_mib=heap_mib())) as node:
        client = connect(ClusterSettings(url=node.url, timeout_s=TIMEOUT_S))
        try:
            yield OwnNode(node.url, client)
        finally:
            client.close()


def tuned_encoder() -> DenseEncoder:
    """The encoder trained on homedepot if the store has one, else the base model."""
    try:
        return DenseEncoder.load(ArtifactStore.default().resolve(_TUNED))
    except ArtifactNotFound:
        return load_encoder()


def drop_releases(client: OpenSearch, name: str) -> None:
    """Delete every release of a name; merges that are still running end with them."""
    for release in client.indices.get(index=f"{name}-v*"):
        client.indices.delete(index=release)
