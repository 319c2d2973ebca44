"""Which releases exist under one name, and what their aliases say of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.errors import IndexNotFound, InputError
from aisle.indexer.releases.names import (
    abandoned_alias,
    check_name,
    loading_alias,
    staged_alias,
    version_of,
    withdrawn_alias,
)
from aisle.mappings.suggestions import release_of_suggestions, suggest_alias


@dataclass(frozen=True, slots=True)
class ReleaseInventory:
    """What exists under one name.

    Attributes:
        releases: every index ``<name>-v0001`` and so on.
        live: those of them that the alias ``name`` points to; one, or none yet.
        unfinished: those of them that are being loaded, were interrupted, or were given up.
        abandoned: those of the unfinished that were given up.
        withdrawn: finished ones that somebody rolled back from.
        orphans: indexes of suggestions whose release is gone.
        staged: finished ones that were never live: they wait to be promoted.
    """

    releases: tuple[str, ...]
    live: tuple[str, ...]
    unfinished: tuple[str, ...]
    abandoned: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()
    staged: tuple[str, ...] = ()

    @property
    def no_way_back(self) -> tuple[str, ...]:
        """Releases that no rollback goes to by itself: unfinished, withdrawn, or never live.

        `to_prune` does not count them.
        """
        return (*self.unfinished, *self.withdrawn, *self.staged)


def read_inventory(cluster: Cluster, name: str) -> ReleaseInventory:
    """What exists under a name, asked of the cluster.

    Raises:
        InputError: ``name`` is taken by an index, or by an alias of indexes that are no releases.
    """
    found = cluster.indices.get_alias(index=f"{name},{name}-v*", params={"ignore_unavailable": "true"})
    if name in found:
        raise InputError(
            f"{name} is an index, and an alias of that name is needed",
            fix="choose another --name, or delete or reindex that index first",
        )
    # GET by the alias' name answers with the indexes behind it, whatever they are called.
    foreign = [i for i, body in found.items() if name in body["aliases"] and version_of(name, i) is None]
    if foreign:
        raise InputError(
            f"the alias {name} points to {', '.join(sorted(foreign))}, which Aisle did not make",
            fix="choose another --name, or remove that alias first",
        )
    releases = sorted(index for index in found if version_of(name, index) is not None)
    marks = {index: set(found[index]["aliases"]) for index in releases}
    return ReleaseInventory(
        releases=tuple(releases),
        live=tuple(index for index in releases if name in marks[index]),
        unfinished=tuple(
            index for index in releases if {loading_alias(index), abandoned_alias(index)} & marks[index]
        ),
        abandoned=tuple(index for index in releases if abandoned_alias(index) in marks[index]),
        withdrawn=tuple(index for index in releases if withdrawn_alias(index) in marks[index]),
        staged=tuple(index for index in releases if staged_alias(index) in marks[index]),
        orphans=tuple(
            sorted(
                index
                for index, body in found.items()
                if (release := release_of_suggestions(index)) not in releases
                and version_of(name, release) is not None
                and suggest_alias(release) in body["aliases"]
            )
        ),
    )


def no_releases(name: str) -> IndexNotFound:
    """The error for a name that no catalogue has: perhaps a typing error."""
    return IndexNotFound(
        f"{name} has no releases", fix=f"check the name, or make one: aisle index DATA --name {name}"
    )


class ReleaseState(StrEnum):
    """Where a release is in its life."""

    LIVE = "live"
    STAGED = "staged"
    KEPT = "kept"
    WITHDRAWN = "withdrawn"
    UNFINISHED = "unfinished"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """One release in the list of releases.

    Attributes:
        release: index.
        state: see `ReleaseState`.
        documents: that searches see; None if the index cannot be asked (closed, shards missing).
        size_bytes: on all disks, replicas included; None if the index cannot be asked.
        created: UTC, ISO 8601.
        encoders: vector field to ``name@dims fingerprint`` of the artifact.
        schema_version: of the mapping; None if Aisle did not make it.
    """

    release: str
    state: ReleaseState
    documents: int | None
    size_bytes: int | None
    created: str
    encoders: dict[str, str]
    schema_version: int | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def list_releases(client: OpenSearch, name: str) -> list[ReleaseRow]:
    """Every release of ``name``, oldest first.

    Raises:
        InputError: the name cannot be used, or is something else than a catalogue of Aisle.
        ClusterError: the cluster is away.
    """
    check_name(name)
    cluster = Cluster.of(client)
    now = read_inventory(cluster, name)
    if not now.releases:
        return []
    pattern = f"{name}-v*"
    bodies = cluster.indices.get(index=pattern, params={"flat_settings": "true"})
    stats = cluster.indices.stats(
        index=pattern, metric="docs,store", params={"forbid_closed_indices": "false"}
    )["indices"]
    # What came or went between the requests is left out.
    there = [release for release in now.releases if release in bodies]
    return [_row(release, now, bodies[release], stats.get(release, {})) for release in there]


def state_of(release: str, now: ReleaseInventory) -> ReleaseState:
    """The state of one of ``now.releases``."""
    marks = {
        ReleaseState.LIVE: now.live,
        ReleaseState.ABANDONED: now.abandoned,
        ReleaseState.UNFINISHED: now.unfinished,
        ReleaseState.WITHDRAWN: now.withdrawn,
        ReleaseState.STAGED: now.staged,
    }
    return next((state for state, those in marks.items() if release in those), ReleaseState.KEPT)


def _row(
    release: str, now: ReleaseInventory, body: Mapping[str, Any], stats: Mapping[str, Any]
) -> ReleaseRow:
    # A list may show what an older or newer Aisle made: nothing here is relied on.
    meta = body["mappings"].get("_meta", {}).get("aisle", {})
    created = datetime.fromtimestamp(int(body["settings"]["index.creation_date"]) / 1000, UTC)
    return ReleaseRow(
        release=release,
        state=state_of(release, now),
        documents=stats.get("primaries", {}).get("docs", {}).get("count"),
        size_bytes=stats.get("total", {}).get("store", {}).get("size_in_bytes"),
        created=created.isoformat(timespec="seconds"),
        encoders={
            field: f"{space.get('name')}@{space.get('dims')} {str(space.get('fingerprint'))[:12]}"
            for field, space in meta.get("spaces", {}).items()
        },
        schema_version=meta.get("schema_version"),
    )
