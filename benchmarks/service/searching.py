"""Searches and suggestions through the service: alone, by several clients, and by more than it can serve."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import orjson

from aisle.mappings import BM25
from benchmarks.harness.bare_socket import BareSocket, Request
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import LOWER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.search_features.suggest import keystrokes
from benchmarks.service.load import Load, closed_load, open_load
from benchmarks.service.shop import Service, Shop, serving

FILE: Final = "service"
CLIENTS: Final = (1, 4, 16)
WORDS: Final = "words"
HYBRID: Final = "hybrid"
RANKED: Final = "hybrid and reranking"
_PAIRS: Final = 200
_SEED: Final = 1


_ASKED: Final[Mapping[str, Mapping[str, Any]]] = {
    WORDS: {"legs": [BM25]},
    HYBRID: {"rerank": False},
    RANKED: {"rerank": True},
}
"""What a search says beside its text."""


def _requests(shop: Shop, way: str) -> list[Request]:
    target = f"/v1/catalogues/{shop.name}/search"
    return [Request("POST", target, orjson.dumps({"text": text, **_ASKED[way]})) for text in shop.texts]


@dataclass(frozen=True, slots=True)
class _Added:
    """What searches cost more through the service than by the client.

    Attributes:
        ms: of each search, in milliseconds.
        client_cpu_ms, service_cpu_ms: processor time of a search of either process, in milliseconds: it says
            more than the clock on a machine that others use.
    """

    ms: Sequence[float]
    client_cpu_ms: float
    service_cpu_ms: float

    def goal(self, way: str) -> Goal:
        """What is asked of the median."""
        added = round(statistics.median(self.ms), 2)
        return Goal(f"{way}: what the service adds to the client, p50 ms", added, 3.0, LOWER)

    def attempts(self, way: str) -> list[dict[str, Any]]:
        """What else is known of it."""
        p90 = round(statistics.quantiles(self.ms, n=100)[89], 2)
        return [
            {"tried": f"{way}: what the service adds, p90 ms", "value": p90},
            {"tried": f"{way}: processor time of the client, ms", "value": round(self.client_cpu_ms, 2)},
            {"tried": f"{way}: the same of the service, ms", "value": round(self.service_cpu_ms, 2)},
        ]


def _added(shop: Shop, service: Service, way: str) -> _Added:
    """Each search through the service and by the client, in shuffled turns."""
    legs = [BM25] if way == WORDS else None
    draw = random.Random(_SEED)
    found, client_cpu_s, before_s = [], 0.0, service.cpu_s
    with BareSocket(service.url) as wire:
        for text, request in list(zip(shop.texts, _requests(shop, way), strict=True))[:_PAIRS]:
            took = dict.fromkeys(draw.sample(("client", "service"), 2), 0.0)
            for side in took:
                started = time.perf_counter()
                if side == "client":
                    cpu_s = time.process_time()
                    page = shop.search.search(text, legs=legs)
                    orjson.dumps(page.to_json())
                    client_cpu_s += time.process_time() - cpu_s
                else:
                    wire.send(request)
                took[side] = (time.perf_counter() - started) * 1000
            found.append(took["service"] - took["client"])
    searches = len(found)
    return _Added(found, 1000 * client_cpu_s / searches, 1000 * (service.cpu_s - before_s) / searches)


def _row(way: str, how: str, load: Load, documents: int) -> dict[str, Any]:
    return {
        "search": way,
        "load": how,
        "p50_ms": round(load.percentile(50), 1),
        "p99_ms": round(load.percentile(99), 1),
        "per_s": round(load.per_s, 1),
        "requests": len(load.asked),
        "degraded": load.degraded,
        "refused_503": load.refused,
        "failed": load.failed,
        "documents": documents,
    }


def measure_searches(shop: Shop, seconds: float, reranker: str | None) -> Figures:
    """Words, hybrid and reranked, by 1, 4 and 16 clients; what the service adds to the client."""
    ways = (WORDS, HYBRID, *((RANKED,) if reranker else ()))
    rows, goals, attempts = [], [], []
    # A queue that is long enough, so that nothing is degraded: that is the next topic's.
    with serving(shop, "--queue", "1000", *(("--rerank", reranker) if reranker else ())) as service:
        for way in ways:
            say(f"searching: {way}")
            requests = _requests(shop, way)
            closed_load(service.url, requests, 2, seconds / 2)
            if way != RANKED:
                added = _added(shop, service, way)
                goals.append(added.goal(way))
                attempts += added.attempts(way)
            for clients in CLIENTS:
                load = closed_load(service.url, requests, clients, seconds)
                rows.append(_row(way, f"{clients} clients", load, shop.documents))
    return Figures(rows, [*attempts, *trials(FILE, "search")], goals)


def measure_overload(shop: Shop, seconds: float) -> Figures:
    """Hybrid searches at the service's capacity, then at twice as many, with its usual queue."""
    requests = _requests(shop, HYBRID)
    with serving(shop) as service:
        closed_load(service.url, requests, 2, seconds / 2)
        capacity = closed_load(service.url, requests, 16, seconds)
        say(f"capacity: {capacity.per_s:.0f} searches a second")
        at = open_load(service.url, requests, capacity.per_s, seconds)
        twice = open_load(service.url, requests, 2 * capacity.per_s, 2 * seconds)
        after = closed_load(service.url, requests, 1, seconds / 2)
    rows = [
        _row(HYBRID, "16 clients", capacity, shop.documents),
        _row(HYBRID, "as many a second as these got", at, shop.documents),
        _row(HYBRID, "twice as many a second", twice, shop.documents),
        _row(HYBRID, "1 client, right after", after, shop.documents),
    ]
    return Figures(
        rows,
        [
            {
                "tried": "answers at twice the capacity that went without something, share",
                "value": round(twice.degraded / len(twice.asked), 3),
            },
            {
                "tried": "requests at twice the capacity that were refused with 503, share",
                "value": round(twice.refused / len(twice.asked), 3),
            },
            *trials(FILE, "overload"),
        ],
        [
            Goal("requests at twice the capacity that got no answer", twice.refused + twice.failed, 0, LOWER),
            Goal(
                "p99 at twice the capacity over p99 at capacity",
                round(twice.percentile(99) / at.percentile(99), 2),
                3,
                LOWER,
            ),
        ],
    )


def measure_suggestions(shop: Shop, seconds: float) -> Figures:
    """Beginnings of real queries, one client."""
    typed = keystrokes(shop.texts, 1_000)
    target = f"/v1/catalogues/{shop.name}/suggest?q="
    requests = [Request("GET", target + quote(text, safe=""), b"") for text in typed]
    with serving(shop) as service:
        closed_load(service.url, requests, 1, seconds)
        rows = [
            _row("suggest", f"{clients} clients", closed_load(service.url, requests, clients, seconds), 0)
            | {"documents": shop.documents}
            for clients in CLIENTS
        ]
    return Figures(rows, trials(FILE, "suggest"), [Goal("one client, p99 ms", rows[0]["p99_ms"], 30, LOWER)])
