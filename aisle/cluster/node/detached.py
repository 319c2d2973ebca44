"""Nodes that stay up after the command that started them: ``aisle up`` and ``aisle down``."""

from __future__ import annotations

from dataclasses import replace

from aisle.cluster.node.embedded import EmbeddedNode, NodeOptions
from aisle.cluster.node.folder import lock_at, node_folder
from aisle.cluster.node.lock import OPENSEARCH
from aisle.cluster.node.registry import NodeRecord, check_name, find_node, record_path, register
from aisle.cluster.node.user import node_user
from aisle.errors import ClusterUnavailable, NodeStartFailed


def start_kept_node(options: NodeOptions) -> NodeRecord:
    """Start a node that stays up and register it. Its data stay in its folder from run to run.

    Raises:
        InputError: the name cannot name a node.
        NodeStartFailed: a node of that name runs, or as in ``EmbeddedNode.start``.
    """
    name = check_name(options.name)
    with lock_at(record_path(name).with_suffix(".lock")):
        present = find_node(name)
        if present is not None and present.running:
            raise NodeStartFailed(
                f"node {name} runs already at {present.url}",
                fix="use it, stop it with 'aisle down', or give the new one another --name",
            )
        folder = options.folder or node_folder(name, node_user())
        node = EmbeddedNode.start(replace(options, folder=folder, detached=True))
        record = NodeRecord(name, node.pid, node.child.created, node.url, str(node.folder), OPENSEARCH)
        register(record)
    return record


def registered(name: str) -> NodeRecord:
    """The record of a node that was started and not taken down.

    Raises:
        ClusterUnavailable: there is none.
    """
    record = find_node(name)
    if record is None:
        raise ClusterUnavailable(f"no node named {name} was started", fix="start it with 'aisle up'")
    return record
