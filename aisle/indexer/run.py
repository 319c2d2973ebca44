"""A catalogue → a new live release, or an error and the old one untouched."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Final, Protocol, TypeAlias

from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.errors import AisleError, IndexingFailed, IndexNotFound
from aisle.indexer.bulk import Body, BulkResult, release_gone, write_body
from aisle.indexer.concurrency import ConcurrencyLimiter, HillClimbSettings, limited
from aisle.indexer.disk_space import check_disk_space
from aisle.indexer.lease.lease import Lease, hold
from aisle.indexer.ledger.positions import EarlierProgress
from aisle.indexer.ledger.resume import ResumeContext, RunStart, give_up, new_start, run_parts, unfinished_start
from aisle.indexer.ledger.store import RunPhase
from aisle.indexer.options import IndexOptions, IndexReport, index_settings
from aisle.indexer.pipeline import Refuse, Settle, run_pipeline
from aisle.indexer.progress import Progress, ProgressCounter
from aisle.indexer.releases.create import create_release
from aisle.indexer.releases.inventory import read_inventory
from aisle.indexer.releases.names import loading_alias
from aisle.indexer.releases.publish import Publisher
from aisle.indexer.vectors import ItemEncoder
from aisle.mappings import IndexSettings
from aisle.types import Item

_log = logging.getLogger(__name__)


def go_live(
    publisher: Publisher,
    lease: Lease,
    settings: IndexSettings,
    options: IndexOptions,
    *,
    accepted: int,
    validate: Callable[[], None],
) -> tuple[str, ...]:
    """Count, merge, validate, restore the settings, swap. Each step may be repeated by a resumed run.

    Args:
        publisher: of the release.
        lease: of the name; the swap needs it.
        settings: of the finished release.
        options: whether to merge.
        accepted: documents that OpenSearch has acknowledged.
        validate: see ``index_catalogue``.

    Returns:
        What was live before.

    Raises:
        IndexingFailed: a count that differs, a merge that failed, a lease that was lost, a newer release.
        Whatever ``validate`` raises.
    """
    publisher.check_count(accepted)
    if options.force_merge:
        publisher.force_merge()
    validate()
    publisher.restore(settings)
    lease.check()
    return publisher.swap()


def prune(publisher: Publisher, keep: int) -> tuple[str, ...]:
    """Delete older releases if that can be done now; returns what was deleted."""
    try:
        return publisher.prune(keep)
    except AisleError as error:
        # The new release is live: old ones that linger are no reason to call the run failed.
        _log.warning("older releases could not be deleted; the next run does it (%s)", error)
        return ()


# A share of a handful says nothing yet: so many are refused before a run is cut short.
EARLY: Final = 1000


def check_early(progress: Progress, share: float) -> None:
    """Stop a run that cannot end well.

    Raises:
        IndexingFailed: far more refusals than ``share`` allows.
    """
    if progress.refused > EARLY:
        _check_share(progress, share)


def check_final(progress: Progress, share: float) -> None:
    """Is this a release that may go live?

    Raises:
        IndexingFailed: no document at all, or more refusals than ``share`` of them (0 to 1).
    """
    if progress.read == 0:
        raise IndexingFailed(
            "the catalogue has no items that can be indexed",
            fix="look at the dead letters, and at --format and --map",
        )
    _check_share(progress, share)
    if progress.accepted == 0:
        raise IndexingFailed("no document could be indexed", fix="look at the dead letters")


def _check_share(progress: Progress, share: float) -> None:
    settled = progress.accepted + progress.refused
    if progress.refused > share * settled:
        raise IndexingFailed(
            f"{progress.refused} of {settled} documents were refused, the last: {progress.last_refusal}",
            fix="look at the dead letters; if that is as it should be, allow more with --max-refused",
        )


OnProgress: TypeAlias = Callable[[Progress], None]


class Load(Protocol):
    """Where the work is done: by this process, or by others that it tells."""

    def __call__(
        self,
        target: str,
        items: Iterable[Item],
        options: IndexOptions,
        *,
        refuse: Refuse,
        progress: OnProgress,
        before: EarlierProgress,
        settle: Settle,
    ) -> Progress:
        """Bring every item into the index behind the alias ``target``; see `run_pipeline`."""


@dataclass(frozen=True, slots=True)
class LoadHere:
    """By threads of this process."""

    cluster: Cluster
    encoder: ItemEncoder

    def __call__(
        self,
        target: str,
        items: Iterable[Item],
        options: IndexOptions,
        *,
        refuse: Refuse,
        progress: OnProgress,
        before: EarlierProgress,
        settle: Settle,
    ) -> Progress:
        """See `Load`."""

        def write(body: Body, stop: threading.Event) -> BulkResult:
            return write_body(self.cluster, target, options.retry, body, stop)

        return run_pipeline(
            items,
            self.encoder.encode,
            limited(write, ConcurrencyLimiter(HillClimbSettings(most=options.pipeline.writers))),
            options.pipeline,
            refuse=refuse,
            progress=progress,
            before=before,
            settle=settle,
        )


def load_release(
    load: Load,
    begun: RunStart,
    books: ResumeContext,
    items: Iterable[Item],
    options: IndexOptions,
    *,
    refuse: Refuse,
    progress: OnProgress,
) -> Progress:
    """Load what is not settled and write it down in the books.

    Raises:
        IndexingFailed: nothing to index, or too many refusals.
        Whatever ``load`` raises.
    """

    def watch(now: Progress) -> None:
        check_early(now, options.max_refused_share)
        progress(now)

    loaded = load(
        loading_alias(begun.release),
        items,
        options,
        refuse=refuse,
        progress=watch,
        before=begun.before,
        settle=books.ledger.settle,
    )
    check_final(loaded, options.max_refused_share)
    books.ledger.mark(RunPhase.LOADED)
    return loaded


Validate: TypeAlias = Callable[[str], None]


def index_catalogue(
    client: OpenSearch,
    items: Iterable[Item],
    encoder: ItemEncoder,
    options: IndexOptions,
    *,
    books: ResumeContext | None = None,
    load: Load | None = None,
    validate: Validate = lambda _: None,
    refuse: Refuse = lambda refusal: _log.warning("refused %s: %s", refusal.id, refusal.reason),
    progress: OnProgress = lambda _: None,
) -> IndexReport:
    """Load ``items`` into a release and make it live.

    Args:
        client: used from several threads.
        items: read once, lazily; in the same order whenever a run is resumed.
        encoder: the vectors.
        options: see there.
        books: the ledger by which this run can be resumed, or resumes another; None: neither is possible.
        load: encodes and writes; None does it in this process.
        validate: takes the loaded release; whatever it raises keeps it from going live.
        refuse: takes each document that could not be indexed, from a thread of the pipeline.
        progress: called a few times a second while loading.

    Raises:
        InputError: the name cannot be used, somebody else is changing it, or the run to resume was begun with
            something else.
        CapabilityMissing: the node has no k-NN engine that works.
        ClusterUnavailable: the node stayed away past the retry deadline.
        DiskFull: before or while writing.
        IndexingFailed: nothing to index, too many refusals, a count that differs, or the lease was lost.
        After any of these, and after Ctrl-C, the live release is as it was. The new one is deleted after an
        InputError or IndexingFailed, and without ``books``; else it stays and can be resumed. If the node is
        gone, the next run deletes it.
    """
    started = perf_counter()
    cluster = Cluster.of(client)
    retrying = cluster.retrying(options.retry)
    books = books or ResumeContext()
    read_inventory(cluster, options.name)
    settings = index_settings(cluster, encoder, options)
    check_disk_space(cluster)
    with hold(cluster, options.name, "aisle index", policy=options.retry) as lease:
        parts = run_parts(books.source, settings, encoder.spaces, options)
        begun = unfinished_start(retrying, options.name, books, parts)
        if begun is None:
            release = create_release(
                retrying,
                options.name,
                settings,
                encoder.spaces,
                fusions=options.fusions,
                fusion=options.fusion,
                lease=lease,
            )
            begun = new_start(cluster, release, books.ledger, parts)
        publisher = Publisher(retrying, options.name, begun.release)
        loaded = ProgressCounter(begun.before).progress()
        replaced: tuple[str, ...] = ()
        if begun.live:
            # For the reader's rejects, which died with the process that read them.
            deque(items, maxlen=0)
        else:
            try:
                how = load or LoadHere(cluster, encoder)
                with _release_there():
                    loaded = load_release(how, begun, books, items, options, refuse=refuse, progress=progress)
                    replaced = go_live(
                        publisher,
                        lease,
                        settings,
                        options,
                        accepted=loaded.accepted,
                        validate=partial(validate, begun.release),
                    )
            except BaseException as error:
                give_up(cluster, books.ledger, begun.release, lease, error)
                raise
        books.ledger.mark(RunPhase.LIVE)
        deleted = prune(publisher, options.keep)
    return IndexReport.of(
        options.name,
        begun.release,
        loaded,
        replaced=replaced,
        deleted=deleted,
        seconds=perf_counter() - started,
    )


@contextmanager
def _release_there() -> Iterator[None]:
    """A release that vanishes while it is loaded or checked fails the run: the question was ours, not a user's."""
    try:
        yield
    except IndexNotFound as error:
        raise release_gone() from error
