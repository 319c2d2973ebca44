"""What a benchmark runs on: real data, an encoder, and a node of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil

from aisle._artifacts import export_once
from aisle.cluster import Cluster, ClusterSettings, EmbeddedNode, NodeOptions, connect
from aisle.encoder import ArtifactStore, DenseEncoder, item_text
from aisle.errors import InputError
from aisle.indexer import ItemEncoder, dense_item_encoder
from benchmarks.harness.command_line import say

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
    """The INT8 MiniLM of this machine's store, exported first where it is missing or of older texts."""
    store = ArtifactStore.default()
    export_once(ENCODER, store, say)
    return DenseEncoder.load(ENCODER, store=store)


def encoder_of_items(model: DenseEncoder, dims: int) -> ItemEncoder:
    """The model as the indexer takes it, cut to ``dims``."""
    return dense_item_encoder(model, item_text, name=model.manifest.name, dims=dims)


@dataclass(frozen=True, slots=True)
class OwnNode:
    """A node and a client of it."""

    url: str
    client: Cluster


@contextmanager
def own_node() -> Iterator[OwnNode]:
    """A fresh embedded node that nothing else uses; it goes at the end."""
    with EmbeddedNode.start(NodeOptions(name="benchmark")) as node:
        client = connect(ClusterSettings(url=node.url, timeout_s=TIMEOUT_S))
        try:
            yield OwnNode(node.url, client)
        finally:
            client.close()


MB = 1_000_000
_EVERY_S = 0.02


class PeakMemory:
    """Samples the resident memory of this process 50 times a second, as a context manager.

    Attributes:
        baseline: bytes when the block began.
        peak: most bytes seen until its end.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.baseline = 0
        self.peak = 0

    @property
    def above_mb(self) -> float:
        """Peak above the baseline, in MB (10^6 bytes)."""
        return (self.peak - self.baseline) / MB

    def __enter__(self) -> PeakMemory:
        self.baseline = self.peak = self._resident()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        self.peak = max(self.peak, self._resident())

    def _sample(self) -> None:
        while not self._done.wait(_EVERY_S):
            self.peak = max(self.peak, self._resident())

    def _resident(self) -> int:
        return int(self._process.memory_info().rss)
