"""A catalogue → a new live release, or an error and the old one untouched."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final, Protocol

from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.errors import AisleError, IndexingFailed, IndexNotFound
from aisle.indexer.bulk import BulkWriter, release_gone
from aisle.indexer.concurrency import ConcurrencyLimiter, HillClimbSettings, LimitedWriter
from aisle.indexer.disk_space import await_disk_blocks_lifted, check_disk_space
from aisle.indexer.lease.lease import Lease, hold
from aisle.indexer.ledger.resume import ResumeContext, give_up, new_start, run_parts, unfinished_start
from aisle.indexer.ledger.store import Ledger, RunPhase
from aisle.indexer.options import IndexOptions, IndexReport, KeptVectors, index_settings
from aisle.indexer.pipeline import run_pipeline
from aisle.indexer.progress import Progress, ProgressCounter
from aisle.indexer.releases.create import create_release, declaring_numbers
from aisle.indexer.releases.inherit import inherit_again, inherited
from aisle.indexer.releases.inventory import read_inventory
from aisle.indexer.releases.log import write_log
from aisle.indexer.releases.names import loading_alias
from aisle.indexer.releases.publish import Publisher
from aisle.indexer.suggestions.build import SuggestionsBuilder
from aisle.indexer.vectors import ItemEncoder, stored_as
from aisle.mappings import IndexSettings
from aisle.mappings.signals import SignalBoosts
from aisle.types import Item

_log = logging.getLogger(__name__)


class ReleaseCheck(Protocol):
    """Looks at a loaded release before it goes live."""

    def check(self, release: str, /) -> None:
        """Whatever this raises keeps the release from going live."""


def go_live(
    publisher: Publisher,
    lease: Lease,
    settings: IndexSettings,
    options: IndexOptions,
    boosts: SignalBoosts | None,
    *,
    accepted: int,
    guards: Sequence[ReleaseCheck] = (),
    checks: Sequence[ReleaseCheck] = (),
    suggestions: SuggestionsBuilder | None = None,
) -> tuple[str, ...]:
    """Count, merge, measure, check, restore the settings, make the suggestions, swap.

    Each step may be repeated by a resumed run.

    Args:
        publisher: of the release.
        lease: of the name; the swap needs it.
        settings: of the finished release.
        options: whether to merge.
        boosts: business signals that count in its searches; None: none.
        accepted: documents that OpenSearch has acknowledged.
        guards: see ``index_catalogue``.
        checks: likewise.
        suggestions: likewise.

    Returns:
        What was live before; nothing if the release is only staged.

    Raises:
        IndexingFailed: a count that differs, a merge that failed, a lease that was lost, a newer release.
        Whatever a check raises.
    """
    publisher.check_count(accepted)
    for guard in guards:
        guard.check(publisher.release)
    if options.force_merge:
        publisher.force_merge()
    publisher.measure_signals(boosts)
    for check in checks:
        check.check(publisher.release)
    publisher.restore(settings)
    if suggestions is not None:
        suggestions.build(publisher.release, settings)
    lease.check()
    if options.stage:
        publisher.stage()
        return ()
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
    """Refuse a release that must not go live.

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


class Loader(Protocol):
    """Where the work is done: by this process, or by others that it tells."""

    def load(
        self,
        target: str,
        items: Iterable[Item],
        options: IndexOptions,
        *,
        ledger: Ledger,
        progress: Callable[[Progress], None],
    ) -> Progress:
        """Bring every item into the index behind the alias ``target``; see `run_pipeline`."""


@dataclass(frozen=True, slots=True)
class LocalLoader:
    """Loads with threads of this process."""

    cluster: Cluster
    encoder: ItemEncoder

    def load(
        self,
        target: str,
        items: Iterable[Item],
        options: IndexOptions,
        *,
        ledger: Ledger,
        progress: Callable[[Progress], None],
    ) -> Progress:
        """See `Loader`."""
        writer = LimitedWriter(
            BulkWriter(self.cluster, target, options.retry),
            ConcurrencyLimiter(HillClimbSettings(most=options.pipeline.writers)),
        )
        encoder = stored_as(self.encoder, options.vectors)
        return run_pipeline(items, encoder, writer, options.pipeline, ledger=ledger, progress=progress)


def load_release(
    loader: Loader,
    release: str,
    ledger: Ledger,
    items: Iterable[Item],
    options: IndexOptions,
    progress: Callable[[Progress], None] | None = None,
) -> Progress:
    """Load what is not settled and write it down in the ledger.

    Raises:
        IndexingFailed: nothing to index, or too many refusals.
        Whatever ``loader`` raises.
    """

    def watch(now: Progress) -> None:
        check_early(now, options.max_refused_share)
        if progress is not None:
            progress(now)

    loaded = loader.load(loading_alias(release), items, options, ledger=ledger, progress=watch)
    check_final(loaded, options.max_refused_share)
    ledger.mark(RunPhase.LOADED)
    return loaded


def index_catalogue(
    client: OpenSearch,
    items: Iterable[Item],
    encoder: ItemEncoder,
    options: IndexOptions,
    *,
    context: ResumeContext | None = None,
    loader: Loader | None = None,
    guards: Sequence[ReleaseCheck] = (),
    checks: Sequence[ReleaseCheck] = (),
    suggestions: SuggestionsBuilder | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> IndexReport:
    """Load ``items`` into a release and make it live.

    Args:
        client: used from several threads.
        items: read once, lazily; in the same order whenever a run is resumed.
        encoder: the vectors.
        options: the release and how to load it.
        context: the ledger by which this run can be resumed, or resumes another, and which keeps the
            documents that were refused; None: neither is possible, and refused documents are logged.
        loader: encodes and writes; None does it in this process.
        guards: look at the loaded release before it is merged, as they need not search it.
        checks: look at the finished release, one after another; whatever one of either raises keeps it from
            going live.
        suggestions: makes those of the release, of items that it has watched; None: it has none.
        progress: called a few times a second while loading.

    Raises:
        InputError: the name cannot be used, somebody else is changing it, or the run to resume was begun with
            something else.
        CapabilityMissing: the node has no k-NN engine that works.
        ClusterUnavailable: the node stayed away past the retry deadline.
        DiskFull: before or while writing.
        IndexingFailed: nothing to index, too many refusals, a count that differs, or the lease was lost.
        After any of these, and after Ctrl-C, the live release is as it was. The new one is deleted after an
        InputError or IndexingFailed, and without ``context``; else it stays and can be resumed. If the node
        is gone, the next run deletes it.
    """
    started = perf_counter()
    cluster = Cluster.of(client)
    retrying = cluster.retrying(options.retry)
    ledger = context.ledger if context else Ledger()
    read_inventory(cluster, options.name)
    settings = replace(index_settings(cluster, encoder, options), suggest=suggestions is not None)
    check_disk_space(cluster)
    await_disk_blocks_lifted(cluster, options.name, options.retry)
    with hold(cluster, options.name, "aisle index", policy=options.retry) as lease:
        recommends = made_by.recommender if (made_by := encoder.item_spaces.recommends) else ""
        # Only now: whoever held the lease may have tuned what is live, or bound models to it.
        taken = inherited(retrying, options.name, encoder.spaces, recommends)
        parts = run_parts(context.source if context else {}, settings, encoder.spaces, options)
        begun = unfinished_start(retrying, options.name, context, parts) if context else None
        if begun is None:
            release = create_release(
                retrying,
                options.name,
                settings,
                encoder.spaces,
                fusions=options.fusions,
                fusion=taken.fusion,
                lineage=options.lineage,
                ordering=taken.ordering,
                lease=lease,
            )
            begun = new_start(cluster, release, ledger, parts)
        elif not begun.live:
            inherit_again(retrying, begun.release, taken)
        publisher = Publisher(retrying, options.name, begun.release)
        loaded = ProgressCounter(begun.before).progress()
        replaced: tuple[str, ...] = ()
        if begun.live:
            # For the reader's rejects, which died with the process that read them.
            deque(items, maxlen=0)
        else:
            try:
                with _release_there():
                    if suggestions is not None:
                        suggestions.check_free(begun.release)
                    how = loader or LocalLoader(cluster, encoder)
                    numbered = declaring_numbers(retrying, begun.release, items)
                    loaded = load_release(how, begun.release, ledger, numbered, options, progress)
                    replaced = go_live(
                        publisher,
                        lease,
                        settings,
                        options,
                        taken.boosts,
                        accepted=loaded.accepted,
                        guards=guards,
                        checks=checks,
                        suggestions=suggestions,
                    )
            except BaseException as error:
                give_up(cluster, ledger, begun.release, lease, error)
                raise
            finally:
                if context is None:
                    _log_refused(ledger)
        ledger.mark(RunPhase.LIVE)
        action = "stage" if options.stage else "index"
        write_log(cluster, options.name, action, begun.release, ", ".join(replaced))
        deleted = () if options.stage else prune(publisher, options.keep)
    return IndexReport.of(
        options.name,
        begun.release,
        loaded,
        replaced=replaced,
        deleted=deleted,
        seconds=perf_counter() - started,
        suggestions=suggestions.report if suggestions is not None else None,
        vectors=KeptVectors.of(options.vectors, encoder, loaded.clipped),
        item_spaces=encoder.item_spaces,
        staged=options.stage,
    )


@contextmanager
def _release_there() -> Iterator[None]:
    """A release that vanishes while it is loaded or checked fails the run: no user asked for it."""
    try:
        yield
    except IndexNotFound as error:
        raise release_gone() from error


def _log_refused(ledger: Ledger) -> None:
    for letter in ledger.refused():
        _log.warning("refused %s: %s", letter.id, letter.reason)
