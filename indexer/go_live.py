"""From a loaded release to a live one, step by step; whatever fails keeps it from going live."""

from __future__ import annotations

import logging
from collections.abc import Callable

import opensearchpy

from indexer.index_options import IndexOptions
from indexer.lease import Lease
from indexer.publish import Publisher
from mappings import IndexSettings
from records import AisleError

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
    except (AisleError, opensearchpy.OpenSearchException) as error:
        # The new release is live: old ones that linger are no reason to call the run failed.
        _log.warning("older releases could not be deleted; the next run does it (%s)", error)
        return ()
