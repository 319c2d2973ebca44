"""See, compare, promote, go back to and delete the releases of a catalogue."""

from __future__ import annotations

from dataclasses import replace

from opensearchpy import OpenSearch

from aisle._rules import rules_of_release, rules_put
from aisle._runs import champions_follow
from aisle.cluster import Cluster
from aisle.cluster.client import connected
from aisle.errors import AisleError, IndexingFailed
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
    replacing: str | None = None,
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
        replacing: only while this release is live, such as the one that a gate held it against; empty: while
            none is; None: whatever is.
        dry_run: change nothing, say what would be done.
        wait_s: seconds to wait for another run that changes this catalogue.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: there is no such staged release, another one than ``replacing`` is live, or another run
            changes the catalogue.
        IndexingFailed: the release cannot be searched, or something else moved the alias meanwhile.
        CapabilityMissing: its vectors are of a k-NN engine that a node lacks.
        ClusterError: the cluster does not answer.
    """
    client = connected(cluster)
    done = promotion.promote(client, name, release, replacing=replacing, dry_run=dry_run, wait_s=wait_s)
    if not dry_run:
        champions_follow(client, name)
    return done


def release_log(name: str, *, cluster: OpenSearch | None = None) -> tuple[LogEntry, ...]:
    """What was indexed, staged, bound, promoted, rolled back, when and by whom, oldest first; the last 500.

    With the versions of its rules that are kept, of which nobody wrote down who put them.

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
    client = connected(cluster)
    logged = releases_log.read_log(client, check_name(name))
    known = {entry.note for entry in logged if entry.action == "rules"}
    put = (
        LogEntry(one.created, "rules", one.release, "", "", one.text)
        for one in rules_put(client, name)
        if one.text not in known
    )
    return tuple(sorted((*logged, *put), key=lambda entry: entry.at))


def rollback(
    name: str,
    to: str | None = None,
    *,
    rules: bool = True,
    dry_run: bool = False,
    wait_s: float = 0.0,
    cluster: OpenSearch | None = None,
) -> Rollback:
    """Make an older release live again, in one step, with all that it was served with.

    Encoders, recommender, fusion, synonyms, suggestions and what was bound by `bind_models` go back with the
    index, and then the catalogue's rules. Updates since then stay in the release that is withdrawn.

    Example:
        >>> aisle.rollback("shop").live
        'shop-v0001'

    Args:
        name: of the catalogue.
        to: release to go to; None: the newest older one that is finished.
        rules: make the rules live again, too, that were live last while that release was, as a new version;
            False keeps those that are live.
        dry_run: change nothing, say what would be done.
        wait_s: seconds to wait for another run that changes this catalogue.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: there is no such release to go to, or another run changes the catalogue; or which rules
            were live with it is not known any more: nothing is changed then.
        IndexingFailed: the release cannot be searched, or something else moved the alias meanwhile; or it is
            live, and its rules could not be put.
        CapabilityMissing: its vectors are of a k-NN engine that a node lacks.
        ClusterError: the cluster does not answer.
    """
    client = connected(cluster)
    # Looked for first: what would not come back whole does not begin to; and of two who go back at once, one
    # must not go back twice.
    looked = going_back.rollback(client, name, to, dry_run=True)
    earlier = rules_of_release(client, name, looked.live) if rules else None
    if dry_run:
        return looked if earlier is None else replace(looked, rules=earlier.version)
    done = going_back.rollback(client, name, looked.live, leaving=looked.withdrawn, wait_s=wait_s)
    champions_follow(client, name)
    if earlier is None:
        return done
    try:
        put, changed = earlier.put(client)
    except AisleError as error:
        raise IndexingFailed(
            f"{name} is {done.live}, but its rules are as they were: {error.message}",
            fix=f"aisle rules rollback --name {name} --release {done.live}",
        ) from error
    if changed:
        releases_log.write_log(Cluster.of(client), name, "rules", done.live, "", put.text)
    return replace(done, rules=put.version if put.rules else 0)


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
