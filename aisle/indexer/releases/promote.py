"""A finished release that waits becomes the live one, in one step of the alias."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.cluster.failures import RetryPolicy
from aisle.errors import InputError
from aisle.indexer.lease.lease import hold
from aisle.indexer.releases.inventory import ReleaseInventory, read_inventory
from aisle.indexer.releases.log import write_log
from aisle.indexer.releases.names import check_name, promote_actions
from aisle.indexer.releases.rollback import check_searchable, move_alias

_DEFAULT_POLICY: Final = RetryPolicy()


@dataclass(frozen=True, slots=True)
class Promoted:
    """What is live after a promotion, and what was before.

    Attributes:
        name: the alias.
        live: what it points to now.
        replaced: what it pointed to before; stays, as a way back.
        done: False for a dry run.
    """

    name: str
    live: str
    replaced: str
    done: bool

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def choose_promoted(name: str, now: ReleaseInventory, release: str | None = None) -> str:
    """The release to make live.

    Args:
        name: of the catalogue.
        now: what there is.
        release: one that is staged; None: the only one.

    Raises:
        InputError: it is not staged, or none or several are.
    """
    known = f"choose from {', '.join(now.staged)}" if now.staged else "make one: aisle index DATA --stage"
    if release is None:
        if len(now.staged) != 1:
            raise InputError(f"{len(now.staged)} releases of {name} are staged", fix=known)
        return now.staged[0]
    if release in now.live:
        raise InputError(f"{release} is live already", fix=known)
    if release not in now.staged:
        raise InputError(f"{name} has no staged release {release}", fix=known)
    return release


def promote(
    client: OpenSearch,
    name: str,
    release: str | None = None,
    *,
    dry_run: bool = False,
    wait_s: float = 0.0,
    policy: RetryPolicy = _DEFAULT_POLICY,
) -> Promoted:
    """Point the alias at a staged release; searches see one or the other. Holds the lease.

    Args:
        client: connection.
        name: of the catalogue.
        release: see `choose_promoted`.
        dry_run: change nothing, tell what would be.
        wait_s: how long to wait for another run, see `lease.hold`.
        policy: for each request.

    Raises:
        InputError: see `choose_promoted`; or another run holds the lease.
        IndexingFailed: the release cannot be searched, or something else moved the alias.
        CapabilityMissing: its vectors would end a node that is searched.
        ForeignIndex: an Aisle made it that this one cannot read.
        ClusterError: the cluster is away.
    """
    check_name(name)
    cluster = Cluster.of(client).retrying(policy)
    if dry_run:
        now = read_inventory(cluster, name)
        return Promoted(name, choose_promoted(name, now, release), ", ".join(now.live), done=False)
    with hold(cluster, name, "aisle releases promote", wait_s=wait_s, policy=policy) as lease:
        now = read_inventory(cluster, name)
        target = choose_promoted(name, now, release)
        check_searchable(cluster, target)
        lease.check()
        move_alias(cluster, name, target, promote_actions(name, target, now.live))
        done = Promoted(name, target, ", ".join(now.live), done=True)
        write_log(cluster, name, "promote", target, done.replaced)
        return done
