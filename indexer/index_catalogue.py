"""A catalogue → a new live release, or an error and the old one untouched."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from time import perf_counter
from typing import TypeAlias

import opensearchpy

from cluster import translated_errors
from indexer.disk_space import check_disk_space
from indexer.go_live import go_live, prune
from indexer.index_options import IndexOptions
from indexer.index_report import IndexReport
from indexer.index_settings import index_settings
from indexer.item_encoder import ItemEncoder
from indexer.lease import hold
from indexer.ledger import State
from indexer.ledger_end import give_up
from indexer.ledger_parts import run_parts
from indexer.ledger_start import Books, start
from indexer.load import Load, LoadHere, OnProgress, load_release
from indexer.publish import Publisher
from indexer.releases import create_release, standing
from indexer.stages import Refuse
from indexer.tally import Tally
from records import Item

_log = logging.getLogger(__name__)
Validate: TypeAlias = Callable[[str], None]


def index_catalogue(
    client: opensearchpy.OpenSearch,
    items: Iterable[Item],
    encoder: ItemEncoder,
    options: IndexOptions,
    *,
    books: Books | None = None,
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
    books = books or Books()
    with translated_errors():
        standing(client, options.name)
        settings = index_settings(client, encoder, options)
        check_disk_space(client)
        with hold(client, options.name, "aisle index", policy=options.retry) as lease:
            create = partial(
                create_release,
                client,
                options.name,
                settings,
                encoder.spaces,
                fusions=options.fusions,
                fusion=options.fusion,
                policy=options.retry,
                number=lease.next_release,
            )
            parts = run_parts(books.source, settings, encoder.spaces, options)
            begun = start(client, options.name, books, parts, create)
            publisher = Publisher(client, options.name, begun.release, options.retry)
            loaded = Tally(begun.before).progress()
            replaced: tuple[str, ...] = ()
            if begun.live:
                # For the reader's rejects, which died with the process that read them.
                deque(items, maxlen=0)
            else:
                try:
                    how = load or LoadHere(client, encoder)
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
                    give_up(client, books.ledger, begun.release, lease, error)
                    raise
            books.ledger.mark(State.LIVE)
            deleted = prune(publisher, options.keep)
    return IndexReport.of(
        options.name,
        begun.release,
        loaded,
        replaced=replaced,
        deleted=deleted,
        seconds=perf_counter() - started,
    )
