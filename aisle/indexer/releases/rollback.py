"""Back to an older release, in one step of the alias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from opensearchpy import OpenSearch

from aisle.cluster.failures import RetryPolicy
from aisle.errors import InputError
from aisle.indexer.releases.go_live import DEFAULT_POLICY, go_live, require_live
from aisle.indexer.releases.inventory import ReleaseInventory
from aisle.indexer.releases.names import rollback_actions, version_of


@dataclass(frozen=True, slots=True)
class Rollback:
    """What is live after a rollback, and what was before.

    Attributes:
        name: the alias.
        live: what it points to now.
        withdrawn: what it pointed to before; stays, marked, until the next run or ``prune`` deletes it.
        done: False for a dry run.
        rules: version of the rules that came back, 0 if they were switched off; None: they
            stay as they are, or there never were any.
        served_with: the models that came back with the release, a line each.
    """

    name: str
    live: str
    withdrawn: str
    done: bool
    rules: int | None = None
    served_with: tuple[str, ...] = ()

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
            if now.withdrawn:
                known = f"name a withdrawn one with --to: {', '.join(now.withdrawn)}"
            raise InputError(
                f"{name} has no older finished release to go back to that was not withdrawn", fix=known
            )
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


@dataclass(frozen=True, slots=True)
class ToOlder:
    """The step back.

    Attributes:
        to: a release; None: the newest way back.
        leaving: what must be live for it, see `require_live`.
    """

    to: str | None = None
    leaving: str | None = None

    @property
    def action(self) -> str:
        """As the log and the command call it."""
        return "rollback"

    def target(self, name: str, now: ReleaseInventory) -> str:
        """See `choose_target` and `require_live`."""
        require_live(self.leaving, now)
        return choose_target(name, now, self.to)

    def alias_actions(self, name: str, target: str, live: Sequence[str]) -> list[dict[str, Any]]:
        """Marks what was live as withdrawn."""
        return rollback_actions(name, target, live)


def rollback(
    client: OpenSearch,
    name: str,
    to: str | None = None,
    *,
    leaving: str | None = None,
    dry_run: bool = False,
    wait_s: float = 0.0,
    policy: RetryPolicy = DEFAULT_POLICY,
) -> Rollback:
    """Point the alias at an older release; searches see one or the other. Holds the lease.

    Args:
        client: connection.
        name: of the catalogue.
        to: see `choose_target`.
        leaving: see `require_live`.
        dry_run: change nothing, tell what would be.
        wait_s: how long to wait for another run, see `lease.hold`.
        policy: for each request.

    Raises:
        InputError: see `choose_target` and `require_live`; or another run holds the lease.
        IndexingFailed: the release cannot be searched, or something else moved the alias.
        CapabilityMissing: its vectors would end a node that is searched, see `require_engine`.
        ForeignIndex: an Aisle made it that this one cannot read.
        ClusterError: the cluster is away.
    """
    done = go_live(client, name, ToOlder(to, leaving), dry_run=dry_run, wait_s=wait_s, policy=policy)
    return Rollback(name, done.live, done.before, done.done, served_with=done.served_with)
