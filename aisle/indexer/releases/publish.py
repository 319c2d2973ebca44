"""A loaded release → the live one: refresh, count, optional merge, restore settings, swap, prune."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from aisle.cluster import Cluster
from aisle.errors import AisleError, IndexingFailed
from aisle.indexer.releases.delete import delete_release
from aisle.indexer.releases.inventory import read_inventory
from aisle.indexer.releases.names import stage_actions, swap_actions, to_prune, version_of
from aisle.indexer.releases.signals import store_percentiles
from aisle.mappings import IndexSettings
from aisle.mappings.signals import SignalBoosts

_log = logging.getLogger(__name__)
# A copy of a large shard takes minutes; one that has no node to go to is not waited for.
_ALLOCATION_S: Final = 600
# OpenSearch's own default of index.allocation.max_retries.
_ATTEMPTS: Final = 5


def flush(cluster: Cluster, release: str) -> None:
    """Flush before replicas are made: they are then copied from the primary's files, without its history.

    A node that died while it was loaded closes the gaps in its history with operations that do nothing.
    k-NN's derived source loses the reason that these carry, and a copy that replays them fails again and
    again (https://github.com/opensearch-project/k-NN/issues/3401).
    """
    params = {"force": "true", "wait_if_ongoing": "true", "request_timeout": _ALLOCATION_S}
    cluster.indices.flush(index=release, params=params)


def await_copies(cluster: Cluster, release: str) -> int:
    """Wait for the copies that are being made, and have those that failed tried again.

    Returns:
        How many copies, over all shards, are not there; a warning says so. OpenSearch goes on making those
        for which there is a node.
    """
    health = _settled(cluster, release)
    if health["unassigned_shards"]:
        _try_again(cluster, release)
        health = _settled(cluster, release)
    missing = int(health["unassigned_shards"]) + int(health["initializing_shards"])
    if missing:
        wanted = missing + int(health["active_shards"])
        _log.warning(
            "%s has %d of %d shards: %d copies are missing, as there is no data node for them, or too little"
            " time or disk; OpenSearch makes them when it can (GET _cluster/allocation/explain tells why)",
            release,
            wanted - missing,
            wanted,
            missing,
        )
    return missing


def _settled(cluster: Cluster, release: str) -> dict[str, Any]:
    """The index's health once no copy is being made, or the time is over."""
    params = {
        "wait_for_events": "languid",
        "wait_for_no_initializing_shards": "true",
        "timeout": f"{_LONG_S}s",
        # With a margin, so that it is the server that says what is missing when the time is over.
        "request_timeout": _ALLOCATION_S + 30,
        "ignore": 408,
    }
    health: dict[str, Any] = cluster.cluster.health(index=release, params=params)
    return health


def _try_again(cluster: Cluster, release: str) -> None:
    """A copy is given up after so many attempts, all of them within seconds: allow as many again.

    ``_cluster/reroute?retry_failed`` does the same for all indexes and needs a right over the whole cluster.
    """
    body = {"index": {"allocation.max_retries": 2 * _ATTEMPTS}}
    cluster.indices.put_settings(index=release, body=body)


# A refresh builds the vector graphs of what is still in memory, which takes minutes on a large shard.
_LONG_S = 600
_POLL_S = 0.5


class Publisher:
    """Makes a loaded release live, step by step; each step is safe to repeat.

    Args:
        cluster: one that repeats its requests.
        name: of the catalogue.
        release: its index, loaded.
    """

    def __init__(self, cluster: Cluster, name: str, release: str) -> None:
        self._cluster = cluster
        self._name = name
        self.release = release

    def check_count(self, expected: int) -> None:
        """Refresh, then compare what the index holds with what was acknowledged.

        Raises:
            IndexingFailed: they differ.
        """
        params = {"request_timeout": _LONG_S}
        self._cluster.indices.refresh(index=self.release, params=params)
        found = self._cluster.count(index=self.release)["count"]
        if found != expected:
            raise IndexingFailed(
                f"{self.release} holds {found} documents, {expected} were acknowledged; it does not go live",
                fix="look for item ids that occur twice and at the node's log, then index again",
            )

    def force_merge(self) -> None:
        """One segment per shard: one vector graph to search instead of many. Waits, as a task of the server.

        Raises:
            IndexingFailed: the server gave up.
        """
        params = {"max_num_segments": 1, "wait_for_completion": "false"}
        task = self._cluster.indices.forcemerge(index=self.release, params=params)["task"]
        while not (state := self._cluster.tasks.get(task_id=task))["completed"]:
            time.sleep(_POLL_S)
        if "error" in state or state.get("response", {}).get("_shards", {}).get("failed"):
            raise IndexingFailed(
                f"the merge of {self.release} failed",
                fix="look at the node's log and disk (`aisle logs`), or index without --force-merge",
            )
        self._cluster.indices.refresh(index=self.release)

    def measure_signals(self, boosts: SignalBoosts | None = None) -> None:
        """Write down how the business signals are spread, by which searches scale them.

        Args:
            boosts: what searches use that name none; what the release lacks is left out, and a warning says
                so.
        """
        store_percentiles(self._cluster, self.release, boosts)

    def restore(self, settings: IndexSettings) -> None:
        """Set replicas and refresh interval for serving; wait for the replicas that are being made."""
        body = {
            "index": {"number_of_replicas": settings.replicas, "refresh_interval": settings.refresh_interval}
        }
        if settings.replicas:
            flush(self._cluster, self.release)
        self._cluster.indices.put_settings(index=self.release, body=body)
        if settings.replicas:
            await_copies(self._cluster, self.release)

    def swap(self) -> tuple[str, ...]:
        """Point the alias at the release in one atomic step.

        Returns:
            What was live before.

        Raises:
            IndexingFailed: a newer release went live meanwhile.
            InputError: see `read_inventory`.
        """
        before = read_inventory(self._cluster, self._name)
        ours = version_of(self._name, self.release) or 0
        newer = [index for index in before.live if (version_of(self._name, index) or 0) > ours]
        if newer:
            raise IndexingFailed(
                f"{newer[0]} went live while {self.release} was loading; the newer release stays",
                fix="run one `aisle index` per name at a time",
            )
        actions = swap_actions(self._name, self.release, before.live)
        try:
            self._cluster.indices.update_aliases(body={"actions": actions})
        except AisleError as error:
            # A request whose answer was lost is repeated: the first may have done it.
            if error.status != 404 or self.release not in read_inventory(self._cluster, self._name).live:
                raise
        return before.live

    def stage(self) -> None:
        """Finish the release without making it live.

        Raises:
            ClusterError: the cluster does not answer.
        """
        try:
            self._cluster.indices.update_aliases(body={"actions": stage_actions(self.release)})
        except AisleError as error:
            # A request whose answer was lost is repeated: the first may have done it.
            if error.status != 404 or self.release not in read_inventory(self._cluster, self._name).staged:
                raise

    def prune(self, keep: int) -> tuple[str, ...]:
        """Delete older releases but the ``keep`` newest ways back; returns what was deleted."""
        now = read_inventory(self._cluster, self._name)
        doomed = to_prune(self._name, self.release, now.releases, now.no_way_back, keep)
        for release in doomed:
            delete_release(self._cluster, release)
        for index in now.orphans:
            self._cluster.indices.delete(index=index, params={"ignore_unavailable": "true"})
        return doomed
