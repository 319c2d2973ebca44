"""Is there room? Asked before the first write: a full disk makes OpenSearch close every index on it.

Once there is room again OpenSearch opens them by itself, when it next looks at its disks: the indexes within
half a minute, the creation of new ones within a minute and a half, with its usual settings.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aisle.cluster import Cluster
from aisle.cluster.failures import Attempts, RetryPolicy, TryAgain, means_disk_full
from aisle.errors import AuthenticationFailed, ClusterUnavailable, DiskFull
from aisle.indexer.lease.state import STATE_INDEX

_log = logging.getLogger(__name__)
_PREFIX: Final = "cluster.routing.allocation.disk."
_UNITS: Final = {"b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40, "pb": 2**50}
# Even where the cluster was told not to look at its disks.
_LEAST_BYTES: Final = 200 * 2**20


@dataclass(frozen=True, slots=True)
class NodeDisk:
    """One data node's disk, in bytes."""

    name: str
    total: int
    available: int


def check_disk_space(cluster: Cluster) -> None:
    """Nothing if a data node can take a new index.

    Raises:
        DiskFull: every data node is over the watermark beyond which OpenSearch takes no new index.
    """
    try:
        stats = cluster.nodes.stats(metric="fs")
        settings = cluster.cluster.get_settings(params={"include_defaults": "true", "flat_settings": "true"})
    except AuthenticationFailed as error:
        if error.status != 403:
            raise
        # A user who may only write indexes; OpenSearch's own block still protects the disk.
        _log.info("not allowed to look at the nodes' disks; going on without this check")
        return
    disks = list(data_disks(stats))
    # By default a single data node goes on over the high watermark, as there is nowhere else to go.
    alone = len(disks) == 1 and not _is_true(settings, "watermark.enable_for_single_data_node", "false")
    least = {disk.name: must_stay_free(disk, settings, alone=alone) for disk in disks}
    if disks and all(disk.available < least[disk.name] for disk in disks):
        roomiest = max(disks, key=lambda disk: disk.available - least[disk.name])
        raise DiskFull(
            f"node {roomiest.name} has {_in_gb(roomiest.available)} of disk left, below its watermark of"
            f" {_in_gb(least[roomiest.name])}",
            fix="free disk space on the node or delete old releases, then index again",
        )


def await_disk_blocks_lifted(cluster: Cluster, name: str, policy: RetryPolicy) -> None:
    """Wait until OpenSearch has noticed that its disk has room again; called once that is known.

    Args:
        cluster: one that repeats nothing by itself.
        name: of the catalogue whose releases must take documents.
        policy: the waits; by its deadline the blocks must be gone.

    Raises:
        DiskFull: they are not.
        ClusterUnavailable: the node stayed away past the deadline.
    """
    attempts = Attempts(policy)
    try:
        for attempt in attempts:
            with attempt:
                if standing := _disk_blocks(cluster, name):
                    if not attempts.failed:
                        _log.warning("the disk has room; waiting for OpenSearch to lift its %s", standing)
                    raise TryAgain(standing)
    except AuthenticationFailed as error:
        if error.status != 403:
            raise
        _log.info("not allowed to see the cluster's blocks; going on without this check")
    except ClusterUnavailable as error:
        if not isinstance(error.__cause__, TryAgain):
            raise
        raise DiskFull(
            f"the disk has room, but OpenSearch has not lifted its {error.__cause__}",
            fix="wait longer (--patience), or lift it: PUT _cluster/settings"
            ' {"persistent": {"cluster.blocks.create_index": null}}, PUT INDEX/_settings'
            ' {"index.blocks.read_only_allow_delete": null}',
        ) from error


def _disk_blocks(cluster: Cluster, name: str) -> str:
    """What keeps a run of ``name`` from writing because a disk was full; "" if nothing does."""
    blocks = cluster.cluster.state(metric="blocks", params={"filter_path": "blocks"}).get("blocks", {})
    ours = {
        index: found
        for index, found in blocks.get("indices", {}).items()
        if index == STATE_INDEX or index.startswith(f"{name}-v")
    }
    of_the_disk = (
        f"block of {where} ({block['description']})"
        for where, found in {"the cluster": blocks.get("global", {}), **ours}.items()
        for block in found.values()
        if means_disk_full(block["description"])
    )
    return next(of_the_disk, "")


def data_disks(stats: Mapping[str, Any]) -> Iterator[NodeDisk]:
    """The disks of the nodes that hold shards, from ``GET _nodes/stats/fs``."""
    for node in stats["nodes"].values():
        total = node.get("fs", {}).get("total", {})
        if "data" in node.get("roles", ("data",)) and "available_in_bytes" in total:
            yield NodeDisk(node["name"], total["total_in_bytes"], total["available_in_bytes"])


def must_stay_free(disk: NodeDisk, settings: Mapping[str, Any], *, alone: bool = False) -> int:
    """Bytes below which the node refuses new indexes.

    Args:
        disk: the node's.
        settings: ``GET _cluster/settings`` with defaults, flat. A watermark is a share used ("90%", "0.9")
            or what must stay free ("10gb").
        alone: only the flood stage counts.
    """
    if not _is_true(settings, "threshold_enabled", "true"):
        return _LEAST_BYTES
    name, default = ("watermark.flood_stage", "95%") if alone else ("watermark.high", "90%")
    watermark = str(_setting(settings, name, default)).strip().lower()
    if size := re.fullmatch(r"(\d+(?:\.\d+)?)(b|kb|mb|gb|tb|pb)", watermark):
        return max(_LEAST_BYTES, int(float(size[1]) * _UNITS[size[2]]))
    used = float(watermark[:-1]) / 100 if watermark.endswith("%") else float(watermark)
    return max(_LEAST_BYTES, int(disk.total * (1 - used)))


def _setting(settings: Mapping[str, Any], name: str, default: str) -> Any:
    for layer in ("transient", "persistent", "defaults"):
        if (value := settings.get(layer, {}).get(_PREFIX + name)) is not None:
            return value
    return default


def _is_true(settings: Mapping[str, Any], name: str, default: str) -> bool:
    return str(_setting(settings, name, default)).lower() == "true"


def _in_gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
