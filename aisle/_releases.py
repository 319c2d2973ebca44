"""See, compare, promote, go back to and delete the releases of a catalogue."""

from __future__ import annotations

from dataclasses import replace

from opensearchpy import OpenSearch

from aisle._rules import RulesOfRelease, rules_of_release
from aisle.cluster import Cluster
from aisle.cluster.client import connected
from aisle.indexer.releases import diff, inventory, prune
from aisle.indexer.releases import log as releases_log
from aisle.indexer.releases import promote as promotion
from aisle.indexer.releases import rollback as going_back
from aisle.indexer.releases.diff import USUAL_EXAMPLES, ReleaseDiff
from aisle.indexer.releases.inventory import ReleaseRow, no_releases
from aisle.indexer.releases.log import LogEntry
from aisle.indexer.releases.names import check_name
from aisle.indexer.releases.promote import Promoted
from aisle.indexer.releases.prune import Pruned
from aisle.indexer.releases.rollback import Rollback

__all__ = [
    "USUAL_EXAMPLES",
    "LogEntry",
    "Promoted",
    "Pruned",
    "ReleaseDiff",
    "ReleaseRow",
    "Rollback",
    "diff_releases",
    "list_releases",
    "no_releases",
    "promote",
    "prune_releases",
    "release_log",
    "rollback",
]


def list_releases(name: str, *, cluster: OpenSearch | None = None) -> list[ReleaseRow]:
    """Every release of a catalogue, oldest first.

    Example:
        >>> [(row.release, row.state) for row in aisle.list_releases("shop")]
        [('shop-v0001', 'kept'), ('shop-v0002', 'live')]

    Args:
        name: of the catalogue.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: the name cannot be used, or belongs to something that is no catalogue of Aisle.
        ClusterError: the cluster does not answer.
    """
    return inventory.list_releases(connected(cluster), name)


def diff_releases(
    name: str, before: str, after: str, *, examples: int = USUAL_EXAMPLES, cluster: OpenSearch | None = None
) -> ReleaseDiff:
    """Compare two releases of one catalogue: every document without its vectors, mapping, settings, models.

    Example:
        >>> aisle.diff_releases("shop", "shop-v0001", "shop-v0002").documents.changed
        17

    Args:
        name: of the catalogue.
        before: one of its releases.
        after: another one.
        examples: ids to name of each kind of difference.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: one of them is no release of this catalogue.
        ClusterError: the cluster does not answer.
    """
    return diff.diff_releases(connected(cluster), name, before, after, examples=examples)


def promote(
    name: str,
    release: str | None = None,
    *,
    dry_run: bool = False,
    wait_s: float = 0.0,
    cluster: OpenSearch | None = None,
) -> Promoted:
    """Make a staged release live, in one step; what was live stays as a way back.

    Example:
        >>> aisle.promote("shop", "shop-v0008").live
        'shop-v0008'

    Args:
        name: of the catalogue.
        release: made with ``aisle.index(..., stage=True)``; None: the only one that is staged.
        dry_run: change nothing, say what would be done.
        wait_s: seconds to wait for another run that changes this catalogue.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: there is no such staged release, or another run changes the catalogue.
        IndexingFailed: the release cannot be searched, or something else moved the alias meanwhile.
        CapabilityMissing: its vectors are of a k-NN engine that a node lacks.
        ClusterError: the cluster does not answer.
    """
    return promotion.promote(connected(cluster), name, release, dry_run=dry_run, wait_s=wait_s)


def release_log(name: str, *, cluster: OpenSearch | None = None) -> tuple[LogEntry, ...]:
    """What was indexed, staged, promoted and rolled back, when and by whom, oldest first; the last 500.

    Example:
        >>> [(entry.action, entry.release) for entry in aisle.release_log("shop")]
        [('index', 'shop-v0007'), ('stage', 'shop-v0008'), ('promote', 'shop-v0008')]

    Args:
        name: of the catalogue.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: the name cannot be used, or the log cannot be read.
        ClusterError: the cluster does not answer.
    """
    return releases_log.read_log(connected(cluster), check_name(name))


def rollback(
    name: str,
    to: str | None = None,
    *,
    rules: bool = False,
    dry_run: bool = False,
    wait_s: float = 0.0,
    cluster: OpenSearch | None = None,
) -> Rollback:
    """Make an older release live again, in one step, with all that its index binds.

    Encoders, recommender, fusion, synonyms, suggestions and what was bound by `bind_models` go back with the
    index. Rules are the catalogue's
    and stay, unless ``rules`` is set. Updates since then stay in the release that is withdrawn.

    Example:
        >>> aisle.rollback("shop").live
        'shop-v0001'

    Args:
        name: of the catalogue.
        to: release to go to; None: the newest older one that is finished.
        rules: make the rules live again, too, that were live last while that release was.
        dry_run: change nothing, say what would be done.
        wait_s: seconds to wait for another run that changes this catalogue.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: there is no such release to go to, or another run changes the catalogue; or which rules
            were live with it is not known any more: nothing is changed then.
        IndexingFailed: the release cannot be searched, or something else moved the alias meanwhile.
        CapabilityMissing: its vectors are of a k-NN engine that a node lacks.
        ClusterError: the cluster does not answer.
    """
    client = connected(cluster)
    earlier: RulesOfRelease | None = None
    if rules:
        # Looked for first: what would not come back whole does not begin to.
        target = going_back.rollback(client, name, to, dry_run=True).live
        earlier = rules_of_release(client, name, target)
        to = target
    done = going_back.rollback(client, name, to, dry_run=dry_run, wait_s=wait_s)
    if earlier is None:
        return done
    if dry_run:
        return replace(done, rules=earlier.version)
    version = earlier.put(client)
    note = f"version {version}" if version else "none"
    releases_log.write_log(Cluster.of(client), name, "rules", done.live, "", note)
    return replace(done, rules=version)


def prune_releases(
    name: str,
    keep: int,
    *,
    unfinished: bool = False,
    dry_run: bool = False,
    wait_s: float = 0.0,
    cluster: OpenSearch | None = None,
) -> Pruned:
    """Delete old, withdrawn and abandoned releases. The live one and the newest of all always stay.

    Example:
        >>> aisle.prune_releases("shop", keep=1, dry_run=True).deleted
        ('shop-v0001',)

    Args:
        name: of the catalogue.
        keep: finished releases to keep beside the live one.
        unfinished: delete also the one that ``aisle.index(..., resume=True)`` could go on with.
        dry_run: change nothing, say what would be done.
        wait_s: seconds to wait for another run that changes this catalogue.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: the name or ``keep`` cannot be used, or another run changes the catalogue.
        IndexNotFound: there is no release of that name.
        ClusterError: the cluster does not answer.
    """
    return prune.prune_releases(
        connected(cluster), name, keep, unfinished=unfinished, dry_run=dry_run, wait_s=wait_s
    )
