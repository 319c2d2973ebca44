"""homedepot on a node, and the service before it as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from aisle._search import open_search
from aisle._suggest import SuggestOptions
from aisle.catalogue import ReadOptions, read_catalogue
from aisle.cluster import Cluster, ClusterSettings, connect
from aisle.encoder import item_text
from aisle.errors import ClusterUnavailable
from aisle.evaluation import read_judged_set
from aisle.evaluation.encoders.exact import Floats
from aisle.indexer import IndexOptions, dense_item_encoder, index_catalogue
from aisle.search import SearchClient
from benchmarks.harness.command_line import say
from benchmarks.harness.item_vectors import item_vectors
from benchmarks.harness.parts import TIMEOUT_S, dataset, load_encoder, own_node
from benchmarks.quality.ask import queries_of

DATASET: Final = "homedepot"
DIMS: Final = 64
AISLE: Final = Path(sys.executable).with_name("aisle")


@dataclass(frozen=True, slots=True)
class KnownVectors:
    """Takes the place of a model whose vectors of all texts are known.

    Attributes:
        fingerprint: the model's.
        rows: text to its row of ``vectors``.
        vectors: float32 [texts, full].
    """

    fingerprint: str
    rows: Mapping[str, int]
    vectors: Floats

    def encode_items(self, texts: list[str], dims: int | None = None) -> Floats:
        """Their rows, whole or the first ``dims`` numbers of each."""
        return self.vectors[[self.rows[text] for text in texts], :dims]


@dataclass(frozen=True, slots=True)
class Shop:
    """An index that is asked.

    Attributes:
        url: of its node.
        name: of the index.
        documents: that it has.
        client: of the node.
        search: asks without the service.
        texts: real queries.
    """

    url: str
    name: str
    documents: int
    client: Cluster
    search: SearchClient
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A service that runs.

    Attributes:
        url: of it.
        process: for its memory and its processor time.
    """

    url: str
    process: psutil.Process

    @property
    def cpu_s(self) -> float:
        """Processor time that it took so far, in seconds."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def open_shop(url: str | None, limit: int | None) -> Iterator[Shop]:
    """homedepot at 64 dimensions: on a node of its own, or on one that may have it already."""
    data = dataset(DATASET)
    name = f"{DATASET}-{limit or 'all'}"
    with _node(url) as node_url:
        client = connect(ClusterSettings(url=node_url, timeout_s=TIMEOUT_S))
        if not client.indices.exists(index=name):
            _index(client, name, data, limit)
        search = open_search(name, cluster=client)
        texts = tuple(query.text for query in queries_of(read_judged_set(data, "dev")))
        yield Shop(node_url, name, client.count(index=name)["count"], client, search, texts)
        client.close()


@contextmanager
def _node(url: str | None) -> Iterator[str]:
    if url:
        yield url
    else:
        with own_node() as node:
            yield node.url


def _index(client: Cluster, name: str, data: Path, limit: int | None) -> None:
    model = load_encoder()
    items = list(read_catalogue(data, ReadOptions(limit=limit)))
    rows = {text: row for row, text in enumerate(map(item_text, items))}
    known = KnownVectors(model.fingerprint, rows, item_vectors(model, items))
    options = IndexOptions(name)
    made = SuggestOptions().builder(client, options.retry)
    encoder = dense_item_encoder(known, item_text, name=model.manifest.name, dims=DIMS)
    report = index_catalogue(client, made.watch(items), encoder, options, suggestions=made)
    say(f"{report.documents:,} documents are live")


@contextmanager
def serving(shop: Shop, *options: str) -> Iterator[Service]:
    """The service before a shop, with further options of `aisle serve`; it is stopped at the end."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [str(AISLE), "serve", "--name", shop.name, "--port", "0", "--no-page", *options],
            env={**os.environ, "AISLE_URL": shop.url},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if not url:
                log.seek(0)
                raise ClusterUnavailable(
                    f"the service did not start: {log.read().decode()[-500:]}", fix="start it by hand"
                )
            yield Service(url, psutil.Process(process.pid))
            process.terminate()
            process.wait(60)
        finally:
            process.kill()
            process.wait()
