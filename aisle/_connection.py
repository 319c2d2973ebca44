"""The cluster that a function of the door talks to."""

from __future__ import annotations

from opensearchpy import OpenSearch

from aisle.cluster import Cluster, connect


def connected(cluster: OpenSearch | None) -> Cluster:
    """The client that a caller gave, else one for ``AISLE_URL`` or for the node of `aisle up`.

    Raises:
        ClusterUnavailable: none was given, no address is set, and no node runs.
    """
    return connect() if cluster is None else Cluster.of(cluster)
