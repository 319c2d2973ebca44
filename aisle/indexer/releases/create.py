"""Releases on the cluster: make the next one, drop one that was not finished."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aisle.cluster import Cluster
from aisle.errors import AisleError, DiskFull, IndexingFailed
from aisle.indexer.lease.lease import Lease
from aisle.indexer.releases.delete import delete_release
from aisle.indexer.releases.inventory import read_inventory
from aisle.indexer.releases.names import (
    abandon_actions,
    abandoned_alias,
    loading_alias,
    next_version,
    release_name,
)
from aisle.mappings import IndexMeta, IndexSettings, VectorSpace, index_body, pipeline_body, pipeline_name
from aisle.mappings.document import by_slug
from aisle.mappings.fusion import FusionSpec
from aisle.mappings.index_body import MAX_NUMBERS, declared_numbers, number_fields
from aisle.mappings.meta import Lineage
from aisle.mappings.ordering import AS_FUSED, Ordering
from aisle.types import Item

_log = logging.getLogger(__name__)
# Dropping is for a run that has failed or was interrupted: it must not keep anybody waiting.
_DROP_TIMEOUT_S = 5
_CREATE_ATTEMPTS = 3


def create_release(
    cluster: Cluster,
    name: str,
    settings: IndexSettings,
    spaces: Mapping[str, VectorSpace],
    *,
    fusions: tuple[FusionSpec, ...],
    fusion: FusionSpec | None = None,
    lineage: Lineage | None = None,
    ordering: Ordering = AS_FUSED,
    lease: Lease | None = None,
) -> str:
    """Make the next release, empty and tuned for loading, and the search pipelines it needs.

    Args:
        cluster: one that repeats its requests.
        name: a checked name.
        settings: of the finished release; while loading there are no replicas and no refreshes.
        spaces: vector field to the model behind it.
        fusions: their pipelines are put, see `put_pipelines`.
        fusion: what searches use that name none; its pipeline is put too.
        lineage: where it comes from; its parent is filled in.
        ordering: the models that order what it finds.
        lease: of the name; its state knows the numbers of releases that were deleted. None: what exists
            counts.

    Returns:
        Its index name. It is not live; write through ``loading_alias`` of it.

    Raises:
        InputError: see `read_inventory`.
        DiskFull: the cluster makes no more indexes.
    """
    installed = tuple(dict.fromkeys((*fusions, *([fusion] if fusion else []))))
    put_pipelines(cluster, installed)
    loading = replace(settings, replicas=0, refresh_interval="-1")
    pipelines = tuple(map(pipeline_name, installed))
    for _ in range(_CREATE_ATTEMPTS):
        now = read_inventory(cluster, name)
        least = next_version(name, now.releases)
        release = release_name(name, lease.next_release(least) if lease else least)
        meta = IndexMeta(
            release,
            spaces,
            settings.engine,
            pipelines,
            fusion=fusion,
            features=settings.features,
            vectors=settings.vectors,
            item_spaces=settings.item_spaces,
            lineage=replace(lineage, parent=", ".join(now.live)) if lineage else None,
            ordering=ordering,
        )
        body = {**index_body(loading, meta), "aliases": {loading_alias(release): {}}}
        try:
            cluster.indices.create(index=release, body=body)
        except AisleError as error:
            # Another run took the number, or our own request was repeated after its answer was lost.
            if error.status != 400 or not cluster.indices.exists(index=release):
                raise
        else:
            return release
    raise IndexingFailed(
        f"other runs keep taking the next release of {name}", fix="run one `aisle index` per name at a time"
    )


def declaring_numbers(cluster: Cluster, release: str, items: Iterable[Item]) -> Iterator[Item]:
    """The same items; before the first one with a new number is handed on, the release has its field.

    The first ``MAX_NUMBERS`` names get one. Others a document may have as well: they are shown, and nothing
    can be filtered by them.

    Args:
        cluster: one that repeats its requests.
        release: index name; may have such fields already, if an interrupted run is gone on with.
        items: of the catalogue.
    """
    known: set[str] | None = None
    for item in items:
        if item.numbers:
            if known is None:
                known = set(declared_numbers(cluster.indices.get(index=release)[release]["mappings"]))
            new = [slug for slug in by_slug(item.numbers) if slug not in known][
                : max(0, MAX_NUMBERS - len(known))
            ]
            if new:
                cluster.indices.put_mapping(index=release, body=number_fields(new))
                known.update(new)
        yield item


def put_pipelines(cluster: Cluster, fusions: Sequence[FusionSpec]) -> None:
    """Put the search pipelines that are missing; their names carry their content, so none ever changes."""
    there = cluster.transport.perform_request("GET", "/_search/pipeline", params={"ignore": 404})
    for name, body in {pipeline_name(fusion): pipeline_body(fusion) for fusion in fusions}.items():
        if there.get(name) != body:
            cluster.transport.perform_request("PUT", f"/_search/pipeline/{name}", body=body)


def drop_unfinished(cluster: Cluster, release: str) -> None:
    """Delete a release that did not go live; if the node is gone, say so and leave it to the next run."""
    soon = {"request_timeout": _DROP_TIMEOUT_S}
    try:
        if _abandon(cluster, release, soon):
            delete_release(cluster, release, soon)
    except AisleError as error:
        _log.warning("the unfinished release %s is left over; the next run deletes it (%s)", release, error)


def _abandon(cluster: Cluster, release: str, params: Mapping[str, Any]) -> bool:
    """Take the release's token; False if the swap came through after all, or somebody deleted it."""
    try:
        cluster.indices.update_aliases(body={"actions": abandon_actions(release)}, params=params)
    except DiskFull:
        # It blocks aliases as well, and so the swap; deleting is what it does allow.
        return True
    except AisleError as error:
        if error.status != 404:
            raise
        # Or the client repeated this very request, as its answer was lost.
        return bool(cluster.indices.exists_alias(index=release, name=abandoned_alias(release), params=params))
    return True
