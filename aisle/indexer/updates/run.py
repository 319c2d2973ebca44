"""Batch after batch: take the lease, apply, write down what is dead and how far it went."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Any

from opensearchpy import OpenSearch

from aisle.catalogue.rejects import RejectedRow
from aisle.cluster import Cluster
from aisle.errors import InputError
from aisle.indexer.dead_letters import DeadLetterLog
from aisle.indexer.lease.lease import Lease, hold
from aisle.indexer.updates.apply import AppliedBatch, BatchApplier, UpdateOptions
from aisle.indexer.updates.checkpoint import InputCheckpoint, save_checkpoint
from aisle.indexer.updates.input import InputStart
from aisle.indexer.updates.table import TableStart


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """What a run of updates has done so far.

    Attributes:
        name, release: the catalogue, and the release that was written last.
        skipped: lines at the start of the input that an earlier run had applied.
        line: number of the last line that was applied or set aside.
        lines: how many this run has settled, empty ones among them.
        indexed, deleted: documents written and deleted; several changes of an item in one batch are one
            write.
        encoded: of these documents, how many needed new vectors.
        superseded: writes of which the index has a newer version.
        dead: lines that could not be applied, each in the dead letters file.
        reasons: why, to the number of these lines, and examples: to one of them.
        retries: requests that were repeated.
        batches: acknowledged.
        unfinished: number of the last line of a file if it breaks off; it was left for the next run. Else 0.
        seconds: since the start.
        dead_letters_file: where the dead lines are added; None if nobody keeps them.
    """

    name: str
    release: str = ""
    skipped: int = 0
    line: int = 0
    lines: int = 0
    indexed: int = 0
    deleted: int = 0
    encoded: int = 0
    superseded: int = 0
    dead: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, RejectedRow] = field(default_factory=dict)
    retries: int = 0
    batches: int = 0
    unfinished: int = 0
    seconds: float = 0.0
    dead_letters_file: Path | None = None

    @property
    def applied(self) -> int:
        """Changes that are in the index."""
        return self.indexed + self.deleted + self.superseded

    def plus(self, **more: int) -> UpdateReport:
        """With counters added."""
        return replace(self, **{name: getattr(self, name) + number for name, number in more.items()})

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, for ``--json``; without the path, which is this machine's."""
        content = asdict(self)
        del content["dead_letters_file"]
        return content


_WHAT = "aisle update"
# A waiting process looks whether it was told to stop this often.
_TRY_S = 1.0


def run_updates(
    client: OpenSearch,
    start: InputStart | TableStart,
    applier: BatchApplier,
    options: UpdateOptions,
    *,
    dead: DeadLetterLog,
    checkpoint: Path | None = None,
    stop: threading.Event,
    progress: Callable[[UpdateReport], None] | None = None,
) -> UpdateReport:
    """Apply an input to the live release until it ends, or ``stop`` is set.

    Args:
        client: connection.
        start: the input.
        applier: writes.
        options: which catalogue, and how.
        dead: takes the lines that cannot be applied.
        checkpoint: written after each batch, when it is in the index and its dead letters are on the disk;
            not before something of the input is in the index.
        stop: set from a signal handler or another thread: what was read is applied, nothing more is read.
        progress: called after each batch.

    Raises:
        IndexNotFound, InputError, ForeignIndex, ArtifactMismatch: before anything is read, or when another
            release went live meanwhile.
        InputError: another process changes the catalogue, for longer than ``options.wait_s``.
        ClusterUnavailable, IndexBlocked, DiskFull, IndexingFailed: what was acknowledged stays, the rest is
            not applied.
    """
    started = monotonic()
    with _Held(Cluster.of(client), options, stop) as held:
        report = UpdateReport(options.name, applier.check(), skipped=start.place.line, line=start.place.line)
        batches = start.batches(options.limits, stop)
        for batch in batches:
            applied = applier.apply(batch.lines, held.lease())
            report = _counted(report, applied, batch.end.line, dead.add((*batch.dead, *applied.dead)))
            report = replace(report, reasons=dict(dead.added.reasons), examples=dict(dead.added.examples))
            # A run of which nothing is in the index leaves the input where it was: it is the wrong one, or
            # will be mended.
            if checkpoint is not None and report.applied:
                save_checkpoint(checkpoint, InputCheckpoint(batch.end, applied.release, dead.size))
            report = replace(report, seconds=monotonic() - started)
            if progress is not None:
                progress(report)
            if not batch.full:
                # Nothing waits to be written: let others in, such as a full load.
                held.let_go()
        return replace(report, unfinished=batches.unfinished, seconds=monotonic() - started)


def _counted(report: UpdateReport, applied: AppliedBatch, line: int, dead: int) -> UpdateReport:
    more = report.plus(
        lines=line - report.line,
        indexed=applied.indexed,
        deleted=applied.deleted,
        encoded=applied.encoded,
        superseded=applied.written.superseded,
        dead=dead,
        retries=applied.written.retries,
        batches=1,
    )
    return replace(more, release=applied.release, line=line)


class _Held:
    """The lease, taken when it is needed and kept as long as there is work."""

    def __init__(self, cluster: Cluster, options: UpdateOptions, stop: threading.Event) -> None:
        self._cluster = cluster
        self._options = options
        self._stop = stop
        self._stack = ExitStack()
        self._lease: Lease | None = None

    def __enter__(self) -> _Held:
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()

    def lease(self) -> Lease:
        """Raises InputError: another process holds it for longer than one wants to wait."""
        latest = monotonic() + self._options.wait_s
        while self._lease is None:
            left = latest - monotonic()
            taking = hold(
                self._cluster,
                self._options.name,
                _WHAT,
                wait_s=max(0.0, min(_TRY_S, left)),
                policy=self._options.retry,
            )
            try:
                self._lease = self._stack.enter_context(taking)
            except InputError:
                if left <= _TRY_S or self._stop.is_set():
                    raise
        return self._lease

    def let_go(self) -> None:
        self._lease = None
        self._stack.close()
