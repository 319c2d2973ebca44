"""Asks an arm what shoppers asked, beside their answers: what differs, and how long it takes.

Nothing waits for it: searches are handed over through a bounded queue that refuses when it is full, one
thread takes them while no shopper waits, and whatever goes wrong in it is counted and goes no further.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from statistics import quantiles
from typing import Any, Final

from aisle.cluster.request_scope import RequestScope, request_scope
from aisle.errors import AisleError
from aisle.search import SearchRequest
from aisle.service.admission import Admission
from aisle.service.experiments.arms import Arms
from aisle.service.scope import ScopedCatalogue

log = logging.getLogger(__name__)

_OPAQUE_ID: Final = "aisle-serve-shadow"
_SEARCH_S: Final = 10.0
# Latencies that percentiles are of.
_KEPT: Final = 1_000
WAITING: Final = 100
"""Searches that may wait."""


class Fate(StrEnum):
    """What becomes of a search that is handed over."""

    COMPARED = "compared"
    FULL = "full"
    """Too many waited."""
    BUSY = "busy"
    """Shoppers waited."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A search that a shopper was answered.

    Attributes:
        catalogue: that answered, with the filters of its key.
        request: the search.
        ids: of the hits, best first.
        ms: how long the answer took.
    """

    catalogue: ScopedCatalogue
    request: SearchRequest
    ids: tuple[str, ...]
    ms: float


def overlap(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """Share of the items of two answers that both have, of the longer one; 1 for two empty ones."""
    longer = max(len(one), len(other))
    return len({*one} & {*other}) / longer if longer else 1.0


class Shadow:
    """The shadow of one experiment, since the service began.

    Args:
        arms: of it.
        admission: that says whether shoppers wait.
        waiting: searches that may wait.
    """

    def __init__(self, arms: Arms, admission: Admission, waiting: int = WAITING) -> None:
        self._arms = arms
        self._arm = arms.experiment.arms[0]
        self._admission = admission
        self._queue: queue.Queue[Mirrored | None] = queue.Queue(waiting)
        self._lock = threading.Lock()
        self._fates = dict.fromkeys(Fate, 0)
        self._overlap = 0.0
        self._same_first = 0
        self._live_ms: deque[float] = deque(maxlen=_KEPT)
        self._arm_ms: deque[float] = deque(maxlen=_KEPT)
        self._problem = ""
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to ask, once more after a stop."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="aisle-shadow", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask no more; what waits is dropped."""
        self._stopping.set()
        with suppress(queue.Full):
            # Wakes the thread where nothing waits.
            self._queue.put_nowait(None)
        if self._thread is not None:
            self._thread.join(_SEARCH_S)
        with suppress(queue.Empty):
            while True:
                self._queue.get_nowait()

    def offer(self, mirrored: Mirrored) -> None:
        """Hand a search over; never waits, never fails."""
        try:
            self._queue.put_nowait(mirrored)
        except queue.Full:
            self._count(Fate.FULL)

    def totals(self) -> dict[str, Any]:
        """What was found so far, as plain JSON."""
        with self._lock:
            compared = self._fates[Fate.COMPARED]
            return {
                **{fate.value: number for fate, number in self._fates.items()},
                "overlap": round(self._overlap / compared, 4) if compared else None,
                "same_first": round(self._same_first / compared, 4) if compared else None,
                "live_ms": _percentiles(self._live_ms),
                "arm_ms": _percentiles(self._arm_ms),
                "problem": self._problem,
            }

    def _run(self) -> None:
        while (mirrored := self._queue.get()) is not None and not self._stopping.is_set():
            if self._admission.waiting:
                self._count(Fate.BUSY)
                continue
            try:
                self._compare(mirrored)
            except AisleError as error:
                self._failed(error.message)
            except Exception as error:
                # A thread that ends would be a shadow that nobody misses.
                log.exception("the shadow %s failed", self._arms.experiment.name)
                self._failed(type(error).__name__)

    def _compare(self, mirrored: Mirrored) -> None:
        catalogue = self._arms.catalogue(self._arm, mirrored.catalogue)
        request = catalogue.narrowed(self._arms.request(self._arm, mirrored.request, mirrored.catalogue))
        began = time.monotonic()
        with request_scope(RequestScope(_OPAQUE_ID, began + _SEARCH_S)):
            ids = tuple(hit.item.id for hit in catalogue.ask(request).hits)
        ms = (time.monotonic() - began) * 1000
        with self._lock:
            self._fates[Fate.COMPARED] += 1
            self._overlap += overlap(mirrored.ids, ids)
            self._same_first += mirrored.ids[:1] == ids[:1]
            self._live_ms.append(mirrored.ms)
            self._arm_ms.append(ms)

    def _failed(self, problem: str) -> None:
        if problem != self._problem:
            log.warning("the shadow %s cannot be asked: %s", self._arms.experiment.name, problem)
        self._problem = problem
        self._count(Fate.FAILED)

    def _count(self, fate: Fate) -> None:
        with self._lock:
            self._fates[fate] += 1


def _percentiles(ms: deque[float]) -> dict[str, float] | None:
    if len(ms) < 2:
        return None
    cut = quantiles(ms, n=20)
    return {"p50": round(cut[9], 2), "p95": round(cut[18], 2)}
