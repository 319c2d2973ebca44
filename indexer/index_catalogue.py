"""A catalogue → a new live release, or an error and the old one untouched."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from time import perf_counter
from typing import Any

import opensearchpy

from cluster import capabilities, require, translated_errors
from indexer.bulk_bodies import Body
from indexer.disk_space import check_disk_space
from indexer.item_encoder import ItemEncoder
from indexer.pipeline import PipelineOptions, Refuse, run_pipeline
from indexer.publish import Publisher
from indexer.refusal_limit import check_early, check_final
from indexer.release_names import check_name, loading_alias
from indexer.releases import create_release, drop_unfinished, standing
from indexer.retries import RetryPolicy
from indexer.tally import Progress
from indexer.writer import Written, write_body
from mappings import FusionSpec, IndexSettings, fields, standard_fusions
from records import AisleError, Item

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """Attributes:
    name: of the catalogue; searched as the alias ``name``.
    shards, replicas: of the finished release.
    force_merge: one segment per shard before going live: slower to make, faster to search.
    keep: older releases that stay for a way back.
    max_refused_share: of the documents read, how many OpenSearch may refuse (0 to 1) before the release is
        given up: one odd document must not stop a night's run, a wrong mapping must not empty the shop.
    fusions: search pipelines to install.
    pipeline, retry: how to load.
    """

    name: str
    shards: int = 1
    replicas: int = 0
    force_merge: bool = False
    keep: int = 1
    max_refused_share: float = 0.01
    fusions: tuple[FusionSpec, ...] = field(default_factory=standard_fusions)
    pipeline: PipelineOptions = field(default_factory=PipelineOptions)
    retry: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True, slots=True)
class IndexReport:
    """Attributes:
    name, release: the alias and the index that it points to now.
    replaced: the release that was live before, empty for the first.
    deleted: older releases that were removed.
    documents: in the release, counted there.
    refused: documents that OpenSearch or JSON refused; each went to ``refuse``.
    seconds, docs_per_s: from the first check to the swapped alias.
    load_s: of these, until the last document was acknowledged.
    stage_s: seconds each stage was busy, summed over its threads (see `tally.Progress.busy_s`).
    retries: bulk requests that were repeated.
    """

    name: str
    release: str
    replaced: str
    deleted: tuple[str, ...]
    documents: int
    refused: int
    seconds: float
    docs_per_s: float
    load_s: float
    stage_s: dict[str, float]
    retries: int

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, for ``--json`` and result files."""
        return asdict(self)


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
    check_name(options.name)
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
