"""Writes documents to OpenSearch in the background; nothing that it took is lost without being counted."""

from __future__ import annotations

import logging
import math
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

from aisle.cluster import Cluster
from aisle.cluster.documents import make_index
from aisle.cluster.request_scope import RequestScope, request_scope
from aisle.errors import AisleError
from aisle.mappings.observations import OBSERVATIONS, observations_body
from aisle.mappings.ubi import EVENTS, QUERIES, events_body, queries_body

log = logging.getLogger(__name__)

_BODIES: Final = {QUERIES: queries_body, EVENTS: events_body, OBSERVATIONS: observations_body}
_BATCH: Final = 500
_EVERY_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 15.0
_LAST_PAUSE_S: Final = 0.2
_REQUEST_S: Final = 20.0
_OPAQUE_ID: Final = "aisle-serve-events"
# The document is there already: an attempt whose answer was lost has written it.
_THERE: Final = 409
_BUSY: Final = 429


class Outcome(StrEnum):
    """What becomes of a document. Accepted ones are written, dropped, or wait."""

    ACCEPTED = "accepted"
    WRITTEN = "written"
    DROPPED = "dropped"
    """Accepted and not written: the cluster refused the document, or the service stopped before."""
    REFUSED = "refused"
    """Not accepted: too many wait, the shopper did not agree, or it is no event."""


class EventCounts(Protocol):
    """Counts what becomes of documents."""

    def count(self, index: str, outcome: Outcome, why: str = "", number: int = 1) -> None:
        """So many documents of an index came to this."""


@dataclass(frozen=True, slots=True)
class Record:
    """A document that is to be written once, however often it is sent.

    Attributes:
        index: of it.
        source: what it says.
        id: of it.
    """

    index: str
    source: Mapping[str, Any]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


class EventWriter:
    """Takes documents from any thread without waiting, and writes them from a thread of its own.

    While the cluster is away it holds what it took and tries again; what comes beyond its bound is refused.

    Args:
        cluster: written to.
        counts: told what becomes of each document.
        most: documents that may wait.
        every_s: seconds between two requests, unless there is more than one request takes.
    """

    def __init__(self, cluster: Cluster, counts: EventCounts, most: int, every_s: float = _EVERY_S) -> None:
        self._cluster = cluster
        self._counts = counts
        self._most = most
        self._every_s = every_s
        self._waiting: deque[Record] = deque()
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._ends = math.inf
        self._in_hand = 0
        self._problem = ""
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """Documents that were taken and are not written yet."""
        return len(self._waiting) + self._in_hand

    def start(self) -> None:
        """Begin to write, once more after a stop."""
        self._stopping.clear()
        self._ends = math.inf
        self._thread = threading.Thread(target=self._run, name="aisle-events", daemon=True)
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """Write what waits, within so many seconds; what is left then is dropped and counted."""
        with self._changed:
            self._ends = time.monotonic() + within_s
            self._stopping.set()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        for index, number in _by_index(self._waiting):
            self._counts.count(index, Outcome.DROPPED, "stop", number)
        if self._waiting:
            log.error("%d events were not written before the service stopped", len(self._waiting))
        self._waiting.clear()

    def put(self, records: Sequence[Record]) -> bool:
        """Take documents, all of them or none; False if too many wait."""
        with self._changed:
            fits = not self._stopping.is_set() and self.waiting + len(records) <= self._most
            if fits:
                was_empty = not self._waiting
                self._waiting.extend(records)
                if was_empty or len(self._waiting) >= _BATCH:
                    self._changed.notify()
        for index, number in _by_index(records):
            if fits:
                self._counts.count(index, Outcome.ACCEPTED, number=number)
            else:
                self._counts.count(index, Outcome.REFUSED, "full", number)
        return fits

    def _run(self) -> None:
        pause_s = self._every_s
        while batch := self._next():
            left = self._written(batch)
            with self._changed:
                self._waiting.extendleft(reversed(left))
                self._in_hand = 0
            if not left:
                pause_s = self._every_s
            elif self._stopping.wait(pause_s):
                time.sleep(_LAST_PAUSE_S)
            else:
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _next(self) -> list[Record]:
        """The next batch; empty once the writer is to stop and all is written, or its time is over."""
        with self._changed:
            while not self._waiting and not self._stopping.is_set():
                self._changed.wait()
            if len(self._waiting) < _BATCH and not self._stopping.is_set():
                # A moment for others to come along.
                self._changed.wait(self._every_s)
            number = min(_BATCH, len(self._waiting)) if time.monotonic() < self._ends else 0
            batch = [self._waiting.popleft() for _ in range(number)]
            self._in_hand = number
            return batch

    def _written(self, batch: list[Record]) -> list[Record]:
        """Write; returns what is to be tried again."""
        lines: list[Mapping[str, Any]] = []
        for record in batch:
            lines += ({"create": {"_index": record.index, "_id": record.id}}, record.source)
        try:
            with request_scope(RequestScope(_OPAQUE_ID, min(time.monotonic() + _REQUEST_S, self._ends))):
                # Each time: one that was deleted meanwhile would come back with a mapping that grows.
                for index in {record.index for record in batch}:
                    make_index(self._cluster, index, _BODIES[index]())
                answer = self._cluster.bulk(body=lines)
        except AisleError as error:
            if error.message != self._problem:
                log.warning("events cannot be written, %d wait: %s", self.waiting, error)
            self._problem = error.message
            return batch
        if self._problem:
            log.info("events are written again")
            self._problem = ""
        return self._settled(batch, answer["items"])

    def _settled(self, batch: list[Record], items: Sequence[Mapping[str, Any]]) -> list[Record]:
        """Count what was written and what was refused; returns what is to be tried again."""
        written: list[Record] = []
        refused: list[Record] = []
        again: list[Record] = []
        reasons: Counter[str] = Counter()
        for record, item in zip(batch, items, strict=True):
            result = item["create"]
            status = result["status"]
            if status < 300 or status == _THERE:
                written.append(record)
            elif status == _BUSY or status >= 500:
                again.append(record)
            else:
                refused.append(record)
                reasons[str(result["error"].get("type"))] += 1
        for index, number in _by_index(written):
            self._counts.count(index, Outcome.WRITTEN, number=number)
        if refused:
            # The reason would quote what a visitor sent.
            log.warning("OpenSearch refused %d events: %s", len(refused), dict(reasons))
            for index, number in _by_index(refused):
                self._counts.count(index, Outcome.DROPPED, "cluster", number)
        return again


def _by_index(records: Iterable[Record]) -> Iterable[tuple[str, int]]:
    return Counter(record.index for record in records).items()
