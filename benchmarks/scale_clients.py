"""A few shoppers who search at a steady rate, whether or not the answers keep up."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from types import TracebackType
from typing import Final

from aisle.cluster import ClusterSettings, connect
from aisle.encoder import DenseEncoder
from aisle.errors import AisleError
from aisle.mappings import BM25, FusionSpec, default_fusion
from aisle.search import SearchClient
from aisle.search.systems import HYBRID
from benchmarks.command_line import say

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
