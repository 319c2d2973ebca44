"""What the benchmark of indexing at scale runs on: a node with room, the tuned encoder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

import orjson
import psutil
from opensearchpy import OpenSearch

from aisle._environment import cache
from aisle._files import whole_file
from aisle.cluster import ClusterSettings, EmbeddedNode, NodeOptions, connect
from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.errors import ArtifactNotFound
from benchmarks.catalogue.products import Products, real_titles
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import TIMEOUT_S, OwnNode, load_encoder

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


def products_file(count: int) -> Path:
    """JSON lines with ``count`` distinct products; written once, then found in the cache folder.

    The smaller sizes of the benchmark are the file's beginning, which is homedepot's own catalogue.

    Raises:
        InputError: the real data is missing, or the cache folder cannot be written.
    """
    path = cache() / "benchmarks" / f"products-{count}.jsonl"
    if not path.is_file():
        say(f"writing {count:,} products to the cache folder, once")
        write_products(path, real_titles(), count)
    return path


def write_products(path: Path, titles: Iterable[str], count: int) -> None:
    """Write the first ``count`` products that are made of these titles, whole or not at all."""
    with whole_file(path) as file:
        for number, title in enumerate(islice(Products(titles), count)):
            row = {"id": f"p{number:07}", "title": title}
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
