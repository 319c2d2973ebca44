"""Back to an older release, in one step of the alias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.cluster.capabilities import require_engine
from aisle.cluster.failures import RetryPolicy
from aisle.errors import AisleError, IndexingFailed, InputError
from aisle.indexer.lease.lease import hold
from aisle.indexer.releases.inventory import ReleaseInventory, read_inventory
from aisle.indexer.releases.log import write_log
from aisle.indexer.releases.names import check_name, rollback_actions, version_of
from aisle.mappings import IndexMeta

_DEFAULT_POLICY: Final = RetryPolicy()


@dataclass(frozen=True, slots=True)
class Rollback:
    """What is live after a rollback, and what was before.

    Attributes:
        name: the alias.
        live: what it points to now.
        withdrawn: what it pointed to before; stays, marked, until the next run or ``prune`` deletes it.
        done: False for a dry run.
        rules: version of the rules that came back, 0 if they were switched off; None: they stay as they are.
    """

    name: str
    live: str
    withdrawn: str
    done: bool
    rules: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def choose_target(name: str, now: ReleaseInventory, to: str | None = None) -> str:
    """The release to go back to.

    Args:
        name: of the catalogue.
        now: what there is.
        to: a release; None takes the newest older one that is finished and was not withdrawn.

    Raises:
        InputError: no such release, one that was never finished, or the one that is live.
    """
    finished = [release for release in now.releases if release not in now.unfinished]
    others = [release for release in finished if release not in now.live]
    known = f"choose one of {', '.join(others)}" if others else "index the catalogue again"
    if to is None:
        current = max((version_of(name, release) or 0 for release in now.live), default=0)
        back = {
            version: release
            for release in others
            if release not in now.no_way_back
            and ((version := version_of(name, release) or 0) < current or not current)
        }
        if not back:
            raise InputError(f"{name} has no older finished release to go back to", fix=known)
        return back[max(back)]
    if to not in now.releases:
        raise InputError(f"{name} has no release {to}", fix=known)
    if to in now.unfinished:
        raise InputError(f"{to} was never finished", fix=known)
    if to in now.live:
        raise InputError(f"{to} is live already", fix=known)
    if to in now.staged:
        raise InputError(f"{to} was never live", fix=f"aisle releases promote {name} {to}")
    return to


def rollback(
    client: OpenSearch,
    name: str,
    to: str | None = None,
    *,
    dry_run: bool = False,
    wait_s: float = 0.0,
    policy: RetryPolicy = _DEFAULT_POLICY,
) -> Rollback:
    """Point the alias at an older release; searches see one or the other. Holds the lease.

    Args:
        client: connection.
        name: of the catalogue.
        to: see `choose_target`.
        dry_run: change nothing, tell what would be.
        wait_s: how long to wait for another run, see `lease.hold`.
        policy: for each request.

    Raises:
        InputError: see `choose_target`; or another run holds the lease.
        IndexingFailed: the release cannot be searched, or something else moved the alias.
        CapabilityMissing: its vectors would end a node that is searched, see `require_engine`.
        ForeignIndex: an Aisle made it that this one cannot read.
        ClusterError: the cluster is away.
    """
    check_name(name)
    cluster = Cluster.of(client).retrying(policy)
    if dry_run:
        before = read_inventory(cluster, name)
        target = choose_target(name, before, to)
        check_engine(cluster, target)
        return _told(name, target, before, done=False)
    with hold(cluster, name, "aisle releases rollback", wait_s=wait_s, policy=policy) as lease:
        before = read_inventory(cluster, name)
        target = choose_target(name, before, to)
        check_searchable(cluster, target)
        lease.check()
        move_alias(cluster, name, target, rollback_actions(name, target, before.live))
        done = _told(name, target, before, done=True)
        write_log(cluster, name, "rollback", target, done.withdrawn)
        return done


def _told(name: str, target: str, before: ReleaseInventory, *, done: bool) -> Rollback:
    return Rollback(name, target, ", ".join(before.live), done)


def check_searchable(cluster: Cluster, target: str) -> None:
    """Refuse a release that cannot go live.

    Raises:
        IndexingFailed: not all of its shards are there.
        CapabilityMissing: see `check_engine`.
    """
    if cluster.cluster.health(index=target)["status"] == "red":
        raise IndexingFailed(
            f"{target} cannot be searched: not all of its shards are there",
            fix="bring the nodes that hold it back, or choose another release with --to",
        )

    check_engine(cluster, target)


def check_engine(cluster: Cluster, target: str) -> None:
    """Refuse a release whose vectors would end a node that is searched, see `require_engine`."""
    mappings = cluster.indices.get(index=target)[target]["mappings"]
    meta = IndexMeta.from_mapping(target, mappings)
    if meta.searches_vectors:
        require_engine(cluster, meta.engine, target, simd=meta.layout.simd)


def move_alias(cluster: Cluster, name: str, target: str, actions: Sequence[Mapping[str, Any]]) -> None:
    """Send the actions that make a release live, all or none.

    Raises:
        IndexingFailed: somebody else moved the alias.
    """
    try:
        cluster.indices.update_aliases(body={"actions": list(actions)})
    except AisleError as error:
        if error.status != 404:
            raise
        # A repeat, as the answer was lost: the first may have done it.
        if read_inventory(cluster, name).live != (target,):
            raise IndexingFailed(
                f"the alias {name} was moved by somebody else", fix="look at `aisle releases list`"
            ) from error
