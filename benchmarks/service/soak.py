"""A steady load for a long time, with events: memory stays flat, and no event is lost."""

from __future__ import annotations

import statistics
import threading
import time
from typing import Any, Final

import orjson

from aisle.mappings.observations import OBSERVATIONS
from aisle.mappings.ubi import EVENTS, QUERIES
from benchmarks.harness.bare_socket import BareSocket, Request
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import MB
from benchmarks.harness.result_file import LOWER, Goal
from benchmarks.harness.topics import Figures
from benchmarks.service.shop import Service, Shop, serving

# Searches a second, in all; each is followed by its event.
PER_S: Final = 20.0
_CLIENTS: Final = 2
# Share of the time in which caches fill.
_WARM: Final = 0.2
_SAMPLES: Final = 200
# How often it says how far it is.
_TOLD: Final = 10


class _Visits:
    """Clients that search and click until the time is over.

    Attributes:
        searches, events: that were answered with 200 and 202.
        failed: that were not.
        memory: resident bytes of the service, at even distances.
    """

    def __init__(self, shop: Shop, service: Service, seconds: float) -> None:
        self.searches = self.events = self.failed = 0
        self.memory: list[int] = []
        self._shop, self._service, self._seconds = shop, service, seconds
        self._lock = threading.Lock()

    def run(self) -> None:
        """All of them."""
        ends = time.monotonic() + self._seconds
        clients = [threading.Thread(target=self._visit, args=(ends, number)) for number in range(_CLIENTS)]
        for client in clients:
            client.start()
        while time.monotonic() < ends:
            self.memory.append(self._service.process.memory_info().rss)
            if len(self.memory) % (_SAMPLES // _TOLD) == 0:
                self._tell()
            time.sleep(self._seconds / _SAMPLES)
        for client in clients:
            client.join()

    def _tell(self) -> None:
        share = len(self.memory) / _SAMPLES
        say(
            f"{share:.0%} of {self._seconds / 60:g} minutes: {self.searches:,} searches,"
            f" {self.events:,} events, {self.failed:,} failed, {self.memory[-1] / MB:.0f} MB"
        )

    def _visit(self, ends: float, number: int) -> None:
        path = f"/v1/catalogues/{self._shop.name}"
        with BareSocket(self._service.url) as wire:
            while time.monotonic() < ends:
                number += _CLIENTS
                began = time.monotonic()
                # Filters that differ keep every request new for the service's memory of earlier answers.
                body = {
                    "text": self._shop.texts[number % len(self._shop.texts)],
                    "filters": {"price_max": number},
                }
                answer = wire.send(Request("POST", f"{path}/search", orjson.dumps(body)))
                page = orjson.loads(answer.body)
                shown = page.get("hits") or [{"item": {"id": "none"}, "rank": 1}]
                event = {
                    "action": "click",
                    "item": shown[0]["item"]["id"],
                    "rank": shown[0]["rank"],
                    "query_id": page.get("query_id", ""),
                }
                told = wire.send(Request("POST", f"{path}/feedback", orjson.dumps([event])))
                with self._lock:
                    self.searches += answer.status == 200
                    self.events += told.status == 202
                    self.failed += (answer.status != 200) + (told.status != 202)
                time.sleep(max(0.0, _CLIENTS / PER_S - (time.monotonic() - began)))


def measure_soak(shop: Shop, minutes: float) -> Figures:
    """A search and a click, 20 times a second, for so many minutes."""
    shop.client.indices.delete(index=f"{QUERIES},{EVENTS},{OBSERVATIONS}", ignore_unavailable=True)
    say(f"{minutes:g} minutes of searches and clicks")
    with serving(shop, "--events") as service:
        visits = _Visits(shop, service, minutes * 60)
        visits.run()
    shop.client.indices.refresh(index=f"{QUERIES},{EVENTS}")
    stored = {index: shop.client.count(index=index)["count"] for index in (QUERIES, EVENTS)}
    warm = visits.memory[int(len(visits.memory) * _WARM) :]
    tenth = max(1, len(warm) // 10)
    first, last = (statistics.median(part) for part in (warm[:tenth], warm[-tenth:]))
    row: dict[str, Any] = {
        "minutes": minutes,
        "searches": visits.searches,
        "events": visits.events,
        "stored_queries": stored[QUERIES],
        "stored_events": stored[EVENTS],
        "failed": visits.failed,
        "rss_mb_at_start": round(visits.memory[0] / MB, 1),
        "rss_mb_warm": round(first / MB, 1),
        "rss_mb_at_end": round(last / MB, 1),
        "documents": shop.documents,
    }
    # What one index has too much does not stand for what the other lacks.
    lost = abs(visits.searches - stored[QUERIES]) + abs(visits.events - stored[EVENTS])
    return Figures(
        [row],
        [],
        [
            Goal("growth of memory after warming up, %", round(100 * (last / first - 1), 2), 5, LOWER),
            Goal("answers and events that were lost", lost, 0, LOWER),
            Goal("requests that failed", visits.failed, 0, LOWER),
        ],
    )
