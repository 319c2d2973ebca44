"""What a benchmark runs on: real data, an encoder, and a node of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opensearchpy import OpenSearch

from aisle.cluster import ClusterSettings, EmbeddedNode, NodeOptions, connect
from aisle.encoder import ArtifactStore, DenseEncoder, item_text
from aisle.encoder.export import DenseExport, export
from aisle.errors import ArtifactNotFound, InputError
from aisle.indexer import ItemEncoder, dense_item_encoder

DATA_VARIABLE = "AISLE_DATA"
DEFAULT_DATA = Path("..", "shared", "data")
ENCODER = "all-MiniLM-L6-v2"
# A refresh that builds the vector graphs of a whole catalogue takes longer than a search ever may.
TIMEOUT_S = 600.0


def dataset(name: str) -> Path:
    """A folder of the real data, never copied into the project.

    Raises:
        InputError: it is not there.
    """
    data = Path(os.environ.get(DATA_VARIABLE) or DEFAULT_DATA)
    folder = data / name
    if not folder.is_dir():
        raise InputError(
            f"there is no data set {name!r} in {data}",
            fix=f"set {DATA_VARIABLE} to the folder that holds {name}/, see docs/benchmarks/index.md",
        )
    return folder


def load_encoder() -> DenseEncoder:
    """The INT8 MiniLM of this machine's store, exported first where it is missing."""
    store = ArtifactStore.default()
    try:
        return DenseEncoder.load(ENCODER, store=store)
    except ArtifactNotFound:
        export(DenseExport(model=ENCODER), store)
        return DenseEncoder.load(ENCODER, store=store)


def encoder_of_items(model: DenseEncoder, dims: int) -> ItemEncoder:
    """The model as the indexer takes it, cut to ``dims``."""
    return dense_item_encoder(model, item_text, name=model.manifest.name, dims=dims)


@dataclass(frozen=True, slots=True)
class OwnNode:
    """A node and a client of it."""

    url: str
    client: OpenSearch


@contextmanager
def own_node() -> Iterator[OwnNode]:
    """A fresh embedded node that nothing else uses; it goes at the end."""
    with EmbeddedNode.start(NodeOptions(name="benchmark")) as node:
        client = connect(ClusterSettings(url=node.url, timeout_s=TIMEOUT_S))
        try:
            yield OwnNode(node.url, client)
        finally:
            client.close()
