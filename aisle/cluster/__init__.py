"""Where OpenSearch comes from: a URL, a container, or the embedded node; and what it can do."""

from aisle.cluster.capabilities import Capabilities, capabilities, require
from aisle.cluster.client import Cluster, connect
from aisle.cluster.node.embedded import EmbeddedNode, NodeOptions
from aisle.cluster.settings import ClusterSettings

__all__ = [
    "Capabilities",
    "Cluster",
    "ClusterSettings",
    "EmbeddedNode",
    "NodeOptions",
    "capabilities",
    "connect",
    "require",
]
