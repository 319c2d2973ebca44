"""Several embedded nodes as one cluster on this machine: copies of shards, and nodes that may fail."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from aisle.cluster.node.embedded import EmbeddedNode, NodeOptions
from aisle.cluster.node.files import LOOPBACK, free_ports

GROUP_HEAP_MIB = 512


def group_options(
    names: Sequence[str], folder: Path, options: NodeOptions | None = None
) -> tuple[NodeOptions, ...]:
    """Options of nodes that find one another; each keeps its ports and data when it is started again.

    Args:
        names: of the nodes, at least three if one may fail: a cluster lives while most of them do.
        folder: each node keeps its data in a subfolder named like itself.
        options: what they have in common; a heap of 512 MiB if it names none. The time they have to start
            is as many times longer as there are nodes, which share this machine's cores.
    """
    common = options or NodeOptions()
    ports = free_ports(2 * len(names))
    http, transport = ports[: len(names)], ports[len(names) :]
    settings = {
        "discovery.seed_hosts": [f"{LOOPBACK}:{port}" for port in transport],
        "cluster.initial_cluster_manager_nodes": list(names),
        **common.settings,
    }
    return tuple(
        replace(
            common,
            name=name,
            folder=folder / name,
            heap_mib=common.heap_mib or GROUP_HEAP_MIB,
            http_port=http[n],
            transport_port=transport[n],
            settings=settings,
            start_timeout_s=common.start_timeout_s * len(names),
            # The first ones are healthy only when the others are there.
            wait_for="",
        )
        for n, name in enumerate(names)
    )


def start_group(options: Sequence[NodeOptions]) -> list[EmbeddedNode]:
    """Start the nodes side by side and return once each of them answers; that they have met, the cluster's
    health tells.

    Raises:
        As ``EmbeddedNode.start``; then none of them stays behind.
    """
    with ThreadPoolExecutor(len(options)) as pool:
        starts = [pool.submit(EmbeddedNode.start, one) for one in options]
    failed = [error for start in starts if (error := start.exception()) is not None]
    nodes = [start.result() for start in starts if start.exception() is None]
    if failed:
        for node in nodes:
            node.stop()
        raise failed[0]
    return nodes
