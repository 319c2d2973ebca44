"""Releases on the cluster: make the next one, drop one that was not finished."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import opensearchpy

from aisle.cluster.client import until_done
from aisle.cluster.retries import RetryPolicy
from aisle.errors import AisleError, DiskFull, IndexingFailed
from aisle.indexer.releases.inventory import ReleaseInventory, read_inventory
from aisle.indexer.releases.names import (
    abandon_actions,
    abandoned_alias,
    loading_alias,
    next_version,
    release_name,
)
from aisle.mappings import IndexMeta, IndexSettings, VectorSpace, index_body, pipeline_body, pipeline_name
from aisle.mappings.fusion import FusionSpec

__all__ = ["Standing", "create_release", "drop_unfinished", "put_pipelines", "standing"]

_log = logging.getLogger(__name__)
# Dropping is for a run that has failed or was interrupted: it must not keep anybody waiting.
_DROP_TIMEOUT_S = 5
_CREATE_ATTEMPTS = 3


def create_release(
    client: opensearchpy.OpenSearch,
    name: str,
    settings: IndexSettings,
    spaces: Mapping[str, VectorSpace],
    *,
    fusions: tuple[FusionSpec, ...],
    fusion: FusionSpec | None = None,
    policy: RetryPolicy,
    number: Callable[[int], int] = lambda least: least,
) -> str:
    """Make the next release, empty and tuned for loading, and the search pipelines it needs.

    Args:
        client: may be one that repeats requests by itself.
        name: a checked name.
        settings: of the finished release; while loading there are no replicas and no refreshes.
        spaces: vector field to the model behind it.
        fusions: their pipelines are put, see `put_pipelines`.
        fusion: what searches use that name none; its pipeline is put too.
        policy: for each request.
        number: takes the least number above all that exist, returns the one to use: ``Lease.next_release``.

    Returns:
        Its index name. It is not live; write through ``loading_alias`` of it.

    Raises:
        InputError: see `read_inventory`.
        DiskFull: the cluster makes no more indexes.
    """
    installed = tuple(dict.fromkeys((*fusions, *([fusion] if fusion else []))))
    put_pipelines(client, installed, policy)
    loading = replace(settings, replicas=0, refresh_interval="-1")
    pipelines = tuple(map(pipeline_name, installed))
    for _ in range(_CREATE_ATTEMPTS):
        least = next_version(name, read_inventory(client, name).releases)
        release = release_name(name, number(least))
        meta = IndexMeta(release, spaces, settings.engine, pipelines, fusion=fusion)
        body = {**index_body(loading, meta), "aliases": {loading_alias(release): {}}}
        try:
            until_done(partial(client.indices.create, index=release, body=body), policy, threading.Event())
        except AisleError as error:
            # Another run took the number, or our own request was repeated after its answer was lost.
            if error.status != 400 or not client.indices.exists(index=release):
                raise
        else:
            return release
    raise IndexingFailed(
        f"other runs keep taking the next release of {name}", fix="run one `aisle index` per name at a time"
    )


def put_pipelines(
    client: opensearchpy.OpenSearch, fusions: Sequence[FusionSpec], policy: RetryPolicy
) -> None:
    """Put the search pipelines that are missing; their names carry their content, so none ever changes."""
    ask, stop = client.transport.perform_request, threading.Event()
    all_pipelines = partial(ask, "GET", "/_search/pipeline", params={"ignore": 404})
    there = until_done(all_pipelines, policy, stop)
    for name, body in {pipeline_name(fusion): pipeline_body(fusion) for fusion in fusions}.items():
        if there.get(name) != body:
            until_done(partial(ask, "PUT", f"/_search/pipeline/{name}", body=body), policy, stop)


def drop_unfinished(client: opensearchpy.OpenSearch, release: str) -> None:
    """Delete a release that did not go live; if the node is gone, say so and leave it to the next run."""
    soon = {"request_timeout": _DROP_TIMEOUT_S}
    try:
        if _abandon(client, release, soon):
            client.indices.delete(index=release, params={**soon, "ignore_unavailable": "true"})
    except AisleError as error:
        _log.warning("the unfinished release %s is left over; the next run deletes it (%s)", release, error)


def _abandon(client: opensearchpy.OpenSearch, release: str, params: Mapping[str, Any]) -> bool:
    """Take the release's token; False if the swap came through after all, or somebody deleted it."""
    try:
        client.indices.update_aliases(body={"actions": abandon_actions(release)}, params=params)
    except DiskFull:
        # It blocks aliases as well, and so the swap; deleting is what it does allow.
        return True
    except AisleError as error:
        if error.status != 404:
            raise
        # Or the client repeated this very request, as its answer was lost.
        return bool(client.indices.exists_alias(index=release, name=abandoned_alias(release), params=params))
    return True
