"""Delete releases that nobody needs any more; never the live one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.errors import InputError
from aisle.indexer.lease.lease import hold
from aisle.indexer.releases.delete import delete_release
from aisle.indexer.releases.inventory import ReleaseInventory, no_releases, read_inventory
from aisle.indexer.releases.names import check_name, version_of


@dataclass(frozen=True, slots=True)
class Pruned:
    """Which releases were deleted, and which stay.

    Attributes:
        name: of the catalogue.
        live: what stays live; empty if nothing is.
        deleted: what was deleted, or would be.
        kept: what stays.
        done: False for a dry run.
    """

    name: str
    live: str
    deleted: tuple[str, ...]
    kept: tuple[str, ...]
    done: bool

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def choose_pruned(
    name: str, now: ReleaseInventory, keep: int, *, unfinished: bool = False
) -> tuple[str, ...]:
    """Which releases go: all but the live one, the newest ``keep`` finished ones, and what may be resumed.

    Args:
        name: of the catalogue.
        now: what there is.
        keep: finished releases to keep beside the live one; withdrawn ones are not among them, but the newest
            release of all stays even then.
        unfinished: also those newer than the live one, which ``aisle index --resume`` could go on with.

    Raises:
        InputError: a negative ``keep``.
    """
    if keep < 0:
        raise InputError(f"{keep} releases cannot be kept", fix="give 0 or more")
    versions = {release: version_of(name, release) or 0 for release in now.releases}
    current = max((versions[release] for release in now.live), default=0)
    finished = [r for r in now.releases if r not in now.live and r not in now.no_way_back]
    finished.sort(key=versions.__getitem__)
    kept = {*now.live, *finished[max(0, len(finished) - keep) :]}
    # The next release gets the number after the highest: one that was live is never given to another, as
    # search clients know a release by its name.
    kept |= set(sorted(set(now.releases) - set(now.unfinished), key=versions.__getitem__)[-1:])
    if not unfinished:
        # Older ones can never go live any more.
        kept |= {r for r in now.unfinished if r not in now.abandoned and versions[r] > current}
    # One that waits to be promoted is as good as the live one.
    kept |= {r for r in now.staged if versions[r] > current}
    return tuple(sorted((r for r in now.releases if r not in kept), key=versions.__getitem__))


def prune_releases(
    client: OpenSearch,
    name: str,
    keep: int,
    *,
    unfinished: bool = False,
    dry_run: bool = False,
    wait_s: float = 0.0,
) -> Pruned:
    """Delete what `choose_pruned` names. Holds the lease, so that no run loads or moves the alias meanwhile.

    Args:
        client: connection.
        name: of the catalogue.
        keep: see `choose_pruned`.
        unfinished: also those that ``aisle index --resume`` could go on with.
        dry_run: change nothing, tell what would be.
        wait_s: how long to wait for another run, see `lease.hold`.

    Raises:
        InputError: the name or ``keep`` cannot be used, or another run holds the lease.
        IndexNotFound: there is no release of that name.
        ClusterError: the cluster is away.
    """
    check_name(name)
    cluster = Cluster.of(client)
    if not (now := read_inventory(cluster, name)).releases:
        raise no_releases(name)
    if dry_run:
        return _told(name, now, choose_pruned(name, now, keep, unfinished=unfinished), done=False)
    with hold(cluster, name, "aisle releases prune", wait_s=wait_s) as lease:
        now = read_inventory(cluster, name)
        doomed = choose_pruned(name, now, keep, unfinished=unfinished)
        for release in doomed:
            lease.check()
            delete_release(cluster, release)
        return _told(name, now, doomed, done=True)


def _told(name: str, now: ReleaseInventory, doomed: tuple[str, ...], *, done: bool) -> Pruned:
    kept = tuple(release for release in now.releases if release not in doomed)
    return Pruned(name, ", ".join(now.live), doomed, kept, done)
