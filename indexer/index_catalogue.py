"""A catalogue → a new live release, or an error and the old one untouched."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from time import perf_counter

import opensearchpy

from cluster import capabilities, require, translated_errors
from indexer.bulk_bodies import Body
from indexer.disk_space import check_disk_space
from indexer.index_options import IndexOptions, IndexReport
from indexer.item_encoder import ItemEncoder
from indexer.pipeline import run_pipeline
from indexer.publish import Publisher
from indexer.refusal_limit import check_early, check_final
from indexer.release_names import loading_alias
from indexer.releases import create_release, drop_unfinished, standing
from indexer.stages import Refuse
from indexer.tally import Progress
from indexer.writer import Written, write_body
from mappings import IndexSettings, fields
from records import AisleError, Item

_log = logging.getLogger(__name__)


def index_catalogue(
    client: opensearchpy.OpenSearch,
    items: Iterable[Item],
    encoder: ItemEncoder,
    options: IndexOptions,
    *,
    refuse: Refuse = lambda refusal: _log.warning("refused %s: %s", refusal.id, refusal.reason),
    progress: Callable[[Progress], None] = lambda _: None,
) -> IndexReport:
    """Load ``items`` into a new release and make it live.

    Args:
        client: used from several threads.
        items: read once, lazily.
        encoder: the vectors.
        options: see there.
        refuse: takes each document that could not be indexed, from a thread of the pipeline.
        progress: called a few times a second while loading.

    Raises:
        InputError: the name cannot be used.
        CapabilityMissing: the node has no k-NN engine that works.
        ClusterUnavailable: the node stayed away past the retry deadline.
        DiskFull: before or while writing.
        IndexingFailed: nothing to index, too many refusals, or a count that differs.
        After any of these, and after Ctrl-C, the live release is as it was and the new one is deleted; if the
        node is gone, the next run deletes it.
    """
    started = perf_counter()
    with translated_errors():
        standing(client, options.name)
        settings = _settings(client, encoder, options)
        check_disk_space(client)
        release = create_release(
            client, options.name, settings, encoder.spaces, fusions=options.fusions, policy=options.retry
        )
        publisher = Publisher(client, options.name, release, options.retry)
        went_live = False
        try:
            loaded = _load(client, release, items, encoder, options, refuse=refuse, progress=progress)
            publisher.check_count(loaded.accepted)
            if options.force_merge:
                publisher.force_merge()
            publisher.restore(settings)
            replaced = publisher.swap()
            went_live = True
        finally:
            if not went_live:
                drop_unfinished(client, release)
        seconds = perf_counter() - started
        return IndexReport(
            name=options.name,
            release=release,
            replaced=", ".join(replaced),
            deleted=_prune(publisher, options.keep),
            documents=loaded.accepted,
            refused=loaded.refused,
            seconds=seconds,
            docs_per_s=loaded.accepted / seconds,
            load_s=loaded.seconds,
            stage_s=loaded.busy_s,
            retries=loaded.retries,
        )


def _settings(client: opensearchpy.OpenSearch, encoder: ItemEncoder, options: IndexOptions) -> IndexSettings:
    engine = require(capabilities(client)).best_engine
    settings = IndexSettings(engine=engine, shards=options.shards, replicas=options.replicas)
    if space := encoder.spaces.get(fields.DENSE):
        settings = replace(settings, dims=space.dims)
    return settings


def _load(
    client: opensearchpy.OpenSearch,
    release: str,
    items: Iterable[Item],
    encoder: ItemEncoder,
    options: IndexOptions,
    *,
    refuse: Refuse,
    progress: Callable[[Progress], None],
) -> Progress:
    target = loading_alias(release)

    def write(body: Body, stop: threading.Event) -> Written:
        return write_body(client, target, options.retry, body, stop)

    def watch(now: Progress) -> None:
        check_early(now, options.max_refused_share)
        progress(now)

    loaded = run_pipeline(items, encoder.encode, write, options.pipeline, refuse=refuse, progress=watch)
    check_final(loaded, options.max_refused_share)
    return loaded


def _prune(publisher: Publisher, keep: int) -> tuple[str, ...]:
    try:
        return publisher.prune(keep)
    except (AisleError, opensearchpy.OpenSearchException) as error:
        # The new release is live: old ones that linger are no reason to call the run failed.
        _log.warning("older releases could not be deleted; the next run does it (%s)", error)
        return ()
