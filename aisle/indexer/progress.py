"""What a run has done so far: counted by its stages, read by whoever shows progress."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter

from aisle.catalogue.report import ReadingReport, RowCounts
from aisle.indexer.bulk import BulkResult
from aisle.indexer.ledger.store import NOTHING, EarlierProgress


@dataclass(frozen=True, slots=True)
class Progress:
    """A run at one moment.

    Attributes:
        read, encoded, accepted: items so far at each stage; ``accepted`` means acknowledged by OpenSearch.
        resumed: how many of ``accepted`` an earlier run has written. They are not in ``encoded``.
        refused: items that never will be; ``last_refusal`` says why, of the last of them.
        retries: requests sent again.
        seconds: since the start.
        busy_s: seconds spent working, per stage (``read``, ``encode``, ``pack``, ``write``), summed over its
            threads; a sum above ``seconds`` is the stages' overlap.
        clipped: values of vectors that their quantisation clipped.
        took_ms: the server's own time in bulk requests, summed.
        rejected: rows that no item could be made of; who reads the catalogue counts them.
        rows: where every row went so far, and reading: what is read as what; of who reads the catalogue.
    """

    read: int
    encoded: int
    accepted: int
    refused: int
    retries: int
    seconds: float
    busy_s: dict[str, float]
    took_ms: int
    last_refusal: str = ""
    resumed: int = 0
    clipped: int = 0
    rejected: int = 0
    rows: RowCounts | None = None
    reading: ReadingReport | None = None


@dataclass(slots=True)
class ProgressCounter:
    """The counters behind `Progress`; safe to use from every stage's thread.

    Args:
        before: what an earlier run has settled; it counts as accepted and refused.
    """

    before: EarlierProgress = NOTHING
    _read: int = 0
    _encoded: int = 0
    _refused: int = 0
    _clipped: int = 0
    _last_refusal: str = ""
    _written: BulkResult = field(default_factory=BulkResult)
    _busy_s: dict[str, float] = field(default_factory=dict)
    _started: float = field(default_factory=perf_counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._refused = self.before.refused
        self._written = BulkResult(accepted=self.before.accepted)

    def add(
        self, *, read: int = 0, encoded: int = 0, clipped: int = 0, written: BulkResult | None = None
    ) -> None:
        """Count; refusals in ``written`` are counted where they are handed on, see `refused`."""
        with self._lock:
            self._read += read
            self._encoded += encoded
            self._clipped += clipped
            if written is not None:
                self._written = self._written.plus(replace(written, refused=()))

    def refused(self, reason: str) -> None:
        """Count one document that was refused for good."""
        with self._lock:
            self._refused += 1
            self._last_refusal = reason

    @contextmanager
    def working(self, stage: str) -> Iterator[None]:
        """Time one piece of a stage's work."""
        started = perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self._busy_s[stage] = self._busy_s.get(stage, 0.0) + perf_counter() - started

    def progress(self) -> Progress:
        """The counters now."""
        with self._lock:
            return Progress(
                read=self._read,
                encoded=self._encoded,
                accepted=self._written.accepted,
                refused=self._refused,
                retries=self._written.retries,
                seconds=perf_counter() - self._started,
                busy_s=dict(self._busy_s),
                took_ms=self._written.took_ms,
                last_refusal=self._last_refusal,
                resumed=self.before.accepted,
                clipped=self._clipped,
            )
