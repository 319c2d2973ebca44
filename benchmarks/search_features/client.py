"""The client's own part of a search, beside a bare socket that only sends the same requests."""

from __future__ import annotations

import statistics
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from opensearchpy import Transport

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.cluster.client import Cluster, FastJson
from aisle.evaluation import read_judged_set
from aisle.indexer import IndexOptions, index_catalogue
from aisle.search import SearchClient
from benchmarks.harness.bare_socket import BareSocket, Request
from benchmarks.harness.parts import dataset, encoder_of_items, load_encoder, own_node
from benchmarks.harness.result_file import LOWER, Goal
from benchmarks.harness.topics import Figures
from benchmarks.quality.ask import queries_of

DATASET: Final = "homedepot"
DIMS: Final = 64
SEARCHES: Final = 1_000


class RecordingTransport(Transport):
    """A transport that keeps what it sends."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sent: list[Request] = []

    def perform_request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        timeout: int | float | None = None,
        ignore: Collection[int] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """As the library's own."""
        target = f"{url}?{urlencode(params)}" if params else url
        self.sent.append(Request(method, target, orjson.dumps(body) if body is not None else b""))
        return super().perform_request(method, url, params, body, timeout, ignore, headers)


@dataclass(frozen=True, slots=True)
class Search:
    """Milliseconds of one search and of its requests sent bare, one right after the other.

    Attributes:
        total: of ``SearchClient.search``; encode, took: of it, the encoder and what OpenSearch says.
        bare: both requests over the bare socket; parsed: their answers read by orjson.
        cpu: the client's own processor time, the encoder included.
    """

    total: float
    encode: float
    took: float
    bare: float
    parsed: float
    cpu: float


@dataclass(slots=True)
class _Clock:
    started: float = field(default_factory=time.perf_counter)

    def lap(self) -> float:
        """Milliseconds since the last lap."""
        now = time.perf_counter()
        lap, self.started = (now - self.started) * 1000, now
        return lap


def time_searches(
    shop: SearchClient, sent: list[Request], wire: BareSocket, texts: Sequence[str]
) -> list[Search]:
    """Each text searched, and then its requests sent once more by the bare socket."""
    found = []
    for text in texts:
        sent.clear()
        cpu = time.thread_time()
        page = shop.search(text)
        cpu = (time.thread_time() - cpu) * 1000
        requests = list(sent)
        clock = _Clock()
        answers = [wire.send(request).body for request in requests]
        bare = clock.lap()
        for answer in answers:
            orjson.loads(answer)
        parsed = clock.lap()
        times = page.timings
        found.append(Search(times.total, times.encode, times.server, bare, parsed, cpu))
    return found


def client_figures(searches: Sequence[Search], documents: int) -> Figures:
    """The table and the goal."""
    p50 = {
        name: statistics.median(getattr(search, name) for search in searches)
        for name in ("total", "encode", "took", "bare", "parsed", "cpu")
    }
    ratio = statistics.median(search.total / (search.took + search.encode) for search in searches)
    floor = statistics.median(
        (search.bare + search.encode) / (search.took + search.encode) for search in searches
    )
    above = statistics.median(search.total / (search.bare + search.encode) for search in searches)
    names = {
        "total": "SearchClient.search",
        "encode": "of it: encoder",
        "took": "of it: OpenSearch (took, whole milliseconds)",
        "cpu": "processor time of the client's thread, encoder included",
        "bare": "the same requests over a bare socket",
        "parsed": "their answers parsed by orjson",
    }
    return Figures(
        rows=[
            {"part": part, "p50_ms": round(p50[name], 3), "documents": documents, "searches": len(searches)}
            for name, part in names.items()
        ],
        attempts=[
            {"tried": "floor: a bare socket client, over OpenSearch + encoder", "value": round(floor, 3)},
            {"tried": "SearchClient.search over a bare socket client + encoder", "value": round(above, 3)},
        ],
        goals=[
            Goal("SearchClient.search over OpenSearch + encoder, median ratio", round(ratio, 4), 1.35, LOWER)
        ],
    )


def measure() -> Figures:
    """homedepot at 64 dimensions, pages of 10 over a window of 100, one search at a time."""
    data, model = dataset(DATASET), load_encoder()
    texts = [query.text for query in islice(cycle(queries_of(read_judged_set(data, "dev"))), SEARCHES)]
    with own_node() as node:
        report = index_catalogue(
            node.client,
            read_catalogue(data, ReadOptions()),
            encoder_of_items(model, DIMS),
            IndexOptions(f"{DATASET}-{DIMS}"),
        )
        client = Cluster([node.url], transport_class=RecordingTransport, serializer=FastJson())
        shop = SearchClient(client, report.name, model)
        sent = client.transport.wire.sent  # type: ignore[attr-defined]
        with BareSocket(node.url) as wire:
            time_searches(shop, sent, wire, texts)
            return client_figures(time_searches(shop, sent, wire, texts), report.documents)
