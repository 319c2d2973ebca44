"""A real OpenSearch node on this machine, and what the cluster in use can do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch

from aisle.cluster.capabilities import cluster_report
from aisle.cluster.client import connected
from aisle.cluster.node import detached, registry
from aisle.cluster.node.embedded import LOG, NodeOptions, follow, last_lines, link_error
from aisle.cluster.node.libraries import lost_libraries
from aisle.cluster.node.registry import NodeRecord
from aisle.types import Say


def start_node(
    name: str = "aisle", *, port: int = 0, heap_mib: int | None = None, folder: Path | None = None
) -> NodeRecord:
    """Start a node that outlives this process, until `stop_node`. The first start downloads about 100 MB.

    Args:
        name: of the node.
        port: for HTTP on 127.0.0.1; 0 takes any that is free.
        heap_mib: Java heap in MiB; None: 2048, or less on a small machine.
        folder: keeps the node's data; None: one under ``AISLE_HOME``.

    Raises:
        NodeStartFailed: with the last lines of its log.
        DownloadFailed, JavaNotFound: something that it needs is missing.
    """
    return detached.start_kept_node(NodeOptions(name=name, http_port=port, heap_mib=heap_mib, folder=folder))


def kept_node(name: str = "aisle", say: Say | None = None) -> NodeRecord:
    """The node of that name that runs already, else one that is started, as by `start_node`.

    Raises:
        As `start_node`.
    """
    record = registry.find_node(name)
    if record is not None and record.running:
        return record
    if say is not None:
        say("Starting OpenSearch (the first time it is downloaded, about 100 MB)")
    return start_node(name)


def stop_node(name: str = "aisle") -> tuple[NodeRecord, bool]:
    """Stop a node of `start_node`; its data stay.

    Returns:
        Its record, and whether it still ran.

    Raises:
        ClusterUnavailable: no such node was started.
    """
    record = detached.registered(name)
    return record, registry.stop_node(record)


def cluster_status(cluster: OpenSearch | None = None) -> dict[str, Any]:
    """Version, plugins, and which k-NN engines really work, as plain JSON.

    Raises:
        ClusterError: the cluster does not answer.
    """
    return cluster_report(connected(cluster))


def log_lines(name: str = "aisle", last: int = 50, *, follow_on: bool = False) -> Iterator[str]:
    """The last lines of a node's log; with ``follow_on`` also those that it writes until it ends.

    Raises:
        ClusterUnavailable: no such node was started.
    """
    record = detached.registered(name)
    path = Path(record.folder) / LOG
    yield from last_lines(path, last)
    if follow_on:
        yield from follow(path, lambda: record.running)


def libraries_hint(name: str = "aisle") -> str:
    """What to do about a node that ended because it could not load k-NN's native libraries; "" if it did not.

    Raises:
        ClusterUnavailable: no such node was started.
    """
    record = detached.registered(name)
    folder = Path(record.folder)
    if record.running or not (line := link_error(folder / LOG)):
        return ""
    return f"{line.strip()}\nset {lost_libraries(folder)}, then start the node again with 'aisle up'"
