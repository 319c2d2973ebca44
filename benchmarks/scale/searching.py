"""Searches of a live release: with nothing else on the node, and while its next release is loaded."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Final

from aisle.cluster import ClusterSettings, connect
from aisle.encoder import DenseEncoder
from aisle.errors import AisleError
from aisle.evaluation import read_judged_set
from aisle.mappings import BM25, FusionSpec, default_fusion
from aisle.search import SearchClient
from aisle.search.systems import HYBRID
from benchmarks.catalogue.measure import evenly
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import OwnNode, dataset
from benchmarks.quality.ask import queries_of
from benchmarks.scale.load import Loaded, load
from benchmarks.scale.parts import drop_releases

CLIENTS: Final = 4
RATE: Final = 20.0
SYSTEMS: Final[Mapping[str, FusionSpec]] = {HYBRID: default_fusion(), BM25: FusionSpec.equal(BM25)}


@dataclass(frozen=True, slots=True)
class Search:
    """One search.

    Attributes:
        system: a key of ``SYSTEMS``.
        due, done: when it was to begin and when it ended, seconds of ``time.perf_counter``.
        server_ms, encode_ms: of ``search.Timings``; 0 when it failed.
        failed: it raised an AisleError.
    """

    system: str
    due: float
    done: float
    server_ms: float
    encode_ms: float
    failed: bool = False

    @property
    def ms(self) -> float:
        """From when it was due: a shopper who had to wait for the search before waited too."""
        return (self.done - self.due) * 1000


class Shoppers:
    """``CLIENTS`` threads, each with a connection of its own, together ``RATE`` searches a second.

    A context manager: they search within its block. At its end they still do every search that was due by
    then: dropping those would hide the slowest.

    Attributes:
        searches: so far, in no particular order.
    """

    def __init__(self, url: str, name: str, model: DenseEncoder, texts: Sequence[str]) -> None:
        self.searches: list[Search] = []
        self._stop = threading.Event()
        self._end = math.inf
        start = time.perf_counter()
        self._threads = [
            threading.Thread(
                target=self._ask,
                args=(url, name, model, texts[number::CLIENTS], due_times(start, number, CLIENTS, RATE)),
            )
            for number in range(CLIENTS)
        ]

    def __enter__(self) -> Shoppers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end = time.perf_counter()
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(
        self, url: str, name: str, model: DenseEncoder, texts: Sequence[str], times: Iterator[float]
    ) -> None:
        client = connect(ClusterSettings(url=url))
        shop = SearchClient(client, name, model)
        for due, text, system in zip(times, cycle(texts), cycle(SYSTEMS), strict=False):
            self._stop.wait(max(0.0, due - time.perf_counter()))
            if self._stop.is_set() and due >= self._end:
                break
            self.searches.append(_search(shop, text, system, due))
        client.close()


def due_times(start: float, client: int, clients: int, rate: float) -> Iterator[float]:
    """When one of several clients is to search, for ever: they take turns at ``rate`` a second together."""
    number = client
    while True:
        yield start + number / rate
        number += clients


def _search(shop: SearchClient, text: str, system: str, due: float) -> Search:
    try:
        timings = shop.search(text, fusion=SYSTEMS[system]).timings
    except AisleError as error:
        say(f"  a search failed: {error.message}")
        return Search(system, due, time.perf_counter(), 0.0, 0.0, failed=True)
    return Search(system, due, time.perf_counter(), timings.server, timings.encode)


_NAME: Final = "scale-shop"
_QUERIES: Final = 1_000
# Half of idle time again, uncounted: the node compiles its code and fills its caches.
_WARM: Final = 0.5


@dataclass(frozen=True, slots=True)
class Searching:
    """Attributes:
    idle, loading: searches of the two times.
    alone, beside: the load of the first release, with no searches; and of the next, beside them.
    """

    idle: Sequence[Search]
    loading: Sequence[Search]
    alone: Loaded
    beside: Loaded


def measure_searching(
    node: OwnNode, model: DenseEncoder, file: Path, products: int, idle_s: float
) -> Searching:
    """Load a release, search it for ``idle_s`` seconds, then load the next one under the same searches."""
    queries = queries_of(read_judged_set(dataset("homedepot"), "dev"))
    texts = evenly([query.text for query in queries], _QUERIES)
    alone = load(node.url, file, _NAME, model, products)
    say(f"{products:,} products are live; searching")
    with Shoppers(node.url, _NAME, model, texts) as shoppers:
        time.sleep(_WARM * idle_s)
        begun = time.perf_counter()
        time.sleep(idle_s)
        quiet = time.perf_counter()
        say("searching while the next release is loaded")
        beside = load(node.url, file, _NAME, model, products)
        ended = time.perf_counter()
    drop_releases(node.client, _NAME)
    # The process of the load takes its time to start; it ends at once.
    return Searching(
        within(shoppers.searches, begun, quiet),
        within(shoppers.searches, ended - beside.run.seconds, ended),
        alone,
        beside,
    )


def within(searches: Sequence[Search], start: float, end: float) -> list[Search]:
    """Those that were due between two moments, however late they were done."""
    return [search for search in searches if start <= search.due < end]
