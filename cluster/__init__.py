"""Where OpenSearch comes from: a URL, a container, or the embedded node; and what it can do."""

from cluster.capabilities import Capabilities, capabilities, require
from cluster.connect import connect
from cluster.embedded import EmbeddedNode
from cluster.options import NodeOptions
from cluster.settings import ClusterSettings
from cluster.translate import means_disk_full, translated_errors

__all__ = [
    "Capabilities",
    "ClusterSettings",
    "EmbeddedNode",
    "NodeOptions",
    "capabilities",
    "connect",
    "means_disk_full",
    "require",
    "translated_errors",
]
