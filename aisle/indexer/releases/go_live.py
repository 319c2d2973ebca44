"""A finished release becomes the live one in one step of the alias: by a promotion, or by a rollback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.cluster.capabilities import require_engine
from aisle.cluster.failures import RetryPolicy
from aisle.errors import AisleError, IndexingFailed, InputError
from aisle.indexer.lease.lease import hold
from aisle.indexer.releases.inventory import ReleaseInventory, read_inventory
from aisle.indexer.releases.log import write_log
from aisle.indexer.releases.names import check_name
from aisle.mappings import IndexMeta

DEFAULT_POLICY: Final = RetryPolicy()


class Step(Protocol):
    """What makes another release live."""

    @property
    def action(self) -> str:
        """As the log and the command call it."""

    def target(self, name: str, now: ReleaseInventory) -> str:
        """The release to make live; raises InputError if there is none."""

    def alias_actions(self, name: str, target: str, live: Sequence[str]) -> list[dict[str, Any]]:
        """What makes it live, all or none; fails if somebody else moved the alias."""


def require_live(expected: str | None, now: ReleaseInventory) -> None:
    """Refuse to replace another release than the one that was looked at.

    Args:
        expected: what was live then, as `WentLive.before` says it; empty for nothing, None for whatever.
        now: what there is.

    Raises:
        InputError: something else is live by now.
    """
    live = ", ".join(now.live)
    if expected is not None and live != expected:
        raise InputError(
            f"{live or 'nothing'} is live by now, not {expected or 'nothing'}",
            fix="look at what is live (`aisle releases list`), then run the command again",
        )


@dataclass(frozen=True, slots=True)
class WentLive:
    """What is live, and what was.

    Attributes:
        live: what the alias points to.
        before: what it pointed to before.
        done: False for a dry run.
        served_with: the models of the release, a line each.
    """

    live: str
    before: str
    done: bool
    served_with: tuple[str, ...]


def go_live(
    client: OpenSearch,
    name: str,
    step: Step,
    *,
    dry_run: bool = False,
    wait_s: float = 0.0,
    policy: RetryPolicy = DEFAULT_POLICY,
) -> WentLive:
    """Point the alias at another release; searches see one or the other. Holds the lease.

    Args:
        client: connection.
        name: of the catalogue.
        step: which release, and how.
        dry_run: check all, change nothing.
        wait_s: how long to wait for another run, see `lease.hold`.
        policy: for each request.

    Raises:
        InputError: there is no such release; or another run holds the lease.
        IndexingFailed: the release cannot be searched, or something else moved the alias.
        CapabilityMissing: its vectors would end a node that is searched, see `require_engine`.
        ForeignIndex: an Aisle made it that this one cannot read.
        ClusterError: the cluster is away.
    """
    check_name(name)
    cluster = Cluster.of(client).retrying(policy)
    if dry_run:
        now = read_inventory(cluster, name)
        target = step.target(name, now)
        return WentLive(target, ", ".join(now.live), False, served_with(check_searchable(cluster, target)))
    with hold(cluster, name, f"aisle releases {step.action}", wait_s=wait_s, policy=policy) as lease:
        now = read_inventory(cluster, name)
        target = step.target(name, now)
        done = WentLive(target, ", ".join(now.live), True, served_with(check_searchable(cluster, target)))
        lease.check()
        _move_alias(cluster, name, target, step.alias_actions(name, target, now.live))
        write_log(cluster, name, step.action, target, done.before, "; ".join(done.served_with))
        return done


def served_with(meta: IndexMeta) -> tuple[str, ...]:
    """The models that a release is served with, a line each, for people."""
    spaces = {space.fingerprint: space.name for space in meta.spaces.values()}
    models = [f"{name} {fingerprint[:12]}" for fingerprint, name in spaces.items()]
    return (*models, *meta.ordering.texts)


def check_searchable(cluster: Cluster, target: str) -> IndexMeta:
    """Refuse a release that cannot go live.

    Raises:
        IndexingFailed: not all of its shards are there.
        CapabilityMissing: see `require_engine`.
        ForeignIndex: an Aisle made it that this one cannot read.
    """
    if cluster.cluster.health(index=target)["status"] == "red":
        raise IndexingFailed(
            f"{target} cannot be searched: not all of its shards are there",
            fix="bring the nodes that hold it back, or choose another release",
        )
    meta = IndexMeta.from_mapping(target, cluster.indices.get(index=target)[target]["mappings"])
    if meta.searches_vectors:
        require_engine(cluster, meta.engine, target, simd=meta.layout.simd)
    return meta


def _move_alias(cluster: Cluster, name: str, target: str, actions: Sequence[Mapping[str, Any]]) -> None:
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
