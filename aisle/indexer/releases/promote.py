"""A finished release that waits becomes the live one, in one step of the alias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from opensearchpy import OpenSearch

from aisle.cluster.failures import RetryPolicy
from aisle.errors import InputError
from aisle.indexer.releases.go_live import DEFAULT_POLICY, go_live, require_live
from aisle.indexer.releases.inventory import ReleaseInventory
from aisle.indexer.releases.names import promote_actions


@dataclass(frozen=True, slots=True)
class Promoted:
    """What is live after a promotion, and what was before.

    Attributes:
        name: the alias.
        live: what it points to now.
        replaced: what it pointed to before; stays, as a way back.
        done: False for a dry run.
        served_with: the models that go live with it, a line each.
    """

    name: str
    live: str
    replaced: str
    done: bool
    served_with: tuple[str, ...] = ()

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
        if release in now.releases and release not in now.unfinished:
            raise InputError(
                f"{release} is not staged: it was live before",
                fix=f"go back to it: aisle releases rollback {name} --to {release}",
            )
        raise InputError(f"{name} has no staged release {release}", fix=known)
    return release


@dataclass(frozen=True, slots=True)
class ToStaged:
    """The step forward.

    Attributes:
        release: one that is staged; None: the only one.
        replacing: what must be live for it, see `require_live`.
    """

    release: str | None = None
    replacing: str | None = None

    @property
    def action(self) -> str:
        """As the log and the command call it."""
        return "promote"

    def target(self, name: str, now: ReleaseInventory) -> str:
        """See `choose_promoted` and `require_live`."""
        target = choose_promoted(name, now, self.release)
        require_live(self.replacing, now)
        return target

    def alias_actions(self, name: str, target: str, live: Sequence[str]) -> list[dict[str, Any]]:
        """Keeps what was live, as a way back."""
        return promote_actions(name, target, live)


def promote(
    client: OpenSearch,
    name: str,
    release: str | None = None,
    *,
    replacing: str | None = None,
    dry_run: bool = False,
    wait_s: float = 0.0,
    policy: RetryPolicy = DEFAULT_POLICY,
) -> Promoted:
    """Point the alias at a staged release; searches see one or the other. Holds the lease.

    Args:
        client: connection.
        name: of the catalogue.
        release: see `choose_promoted`.
        replacing: see `require_live`.
        dry_run: change nothing, tell what would be.
        wait_s: how long to wait for another run, see `lease.hold`.
        policy: for each request.

    Raises:
        InputError: see `choose_promoted` and `require_live`; or another run holds the lease.
        IndexingFailed: the release cannot be searched, or something else moved the alias.
        CapabilityMissing: its vectors would end a node that is searched.
        ForeignIndex: an Aisle made it that this one cannot read.
        ClusterError: the cluster is away.
    """
    done = go_live(client, name, ToStaged(release, replacing), dry_run=dry_run, wait_s=wait_s, policy=policy)
    return Promoted(name, done.live, done.before, done.done, done.served_with)
