"""What the service counts and measures, for Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from aisle.service.admission import Admission
from aisle.service.catalogues import Catalogues
from aisle.service.events import EventWriter
from aisle.service.events.writer import Outcome

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_SECONDS: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0)


class Metrics:
    """The figures of one process. Routes are labelled by their template, never by the address asked.

    Args:
        admission: whose places are measured.
        catalogues: whose readiness is measured.
    """

    def __init__(self, admission: Admission, catalogues: Catalogues) -> None:
        self._registry = CollectorRegistry()
        self._catalogues = catalogues
        self.requests = Counter(
            "aisle_requests", "Requests answered.", ("route", "method", "status"), registry=self._registry
        )
        self.seconds = Histogram(
            "aisle_request_seconds",
            "From a request's first byte to the end of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.stage_seconds = Histogram(
            "aisle_stage_seconds",
            "Parts of answering: waiting for a place, encoding, OpenSearch, ranking, reranking.",
            ("stage",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.degraded = Counter(
            "aisle_degraded",
            "Answers that left something out for lack of time.",
            ("catalogue", "without", "why"),
            registry=self._registry,
        )
        self.matched = Counter(
            "aisle_searches",
            "Searches by what found their results: words, meaning, all or nothing.",
            ("catalogue", "matched"),
            registry=self._registry,
        )
        self.events = Counter(
            "aisle_events",
            "Documents for ubi_queries, ubi_events and aisle-observations, by what became of them.",
            ("index", "outcome", "why"),
            registry=self._registry,
        )
        self.experiments = Counter(
            "aisle_experiment_searches",
            "Searches of an experiment, by the arm, interleaved, failed, or alike (two arms are one)",
            ("experiment", "search_config"),
            registry=self._registry,
        )
        self._ready = Gauge(
            "aisle_catalogue_ready",
            "1 if the catalogue can be asked.",
            ("catalogue",),
            registry=self._registry,
        )
        inside = Gauge("aisle_requests_inside", "Requests being answered.", registry=self._registry)
        inside.set_function(lambda: admission.inside)
        waiting = Gauge("aisle_requests_waiting", "Requests that wait.", registry=self._registry)
        waiting.set_function(lambda: admission.waiting)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self.requests.labels(route, method, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def stages(self, timings_ms: Mapping[str, float]) -> None:
        """Count the parts of an answer, in milliseconds."""
        for stage, ms in timings_ms.items():
            self.stage_seconds.labels(stage).observe(ms / 1000)

    def count(self, index: str, outcome: Outcome, why: str = "", number: int = 1) -> None:
        """Count what became of events, see `EventCounts`."""
        self.events.labels(index, outcome.value, why).inc(number)

    def waits(self, writer: EventWriter) -> None:
        """Measure how many events wait to be written."""
        gauge = Gauge("aisle_events_waiting", "Documents that wait to be written.", registry=self._registry)
        gauge.set_function(lambda: writer.waiting)

    def exposition(self) -> bytes:
        """All figures in the format of Prometheus."""
        for name, state in self._catalogues.states.items():
            self._ready.labels(name).set(state.ready)
        return generate_latest(self._registry)
