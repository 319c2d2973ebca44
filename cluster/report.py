"""What ``aisle status`` says."""

from __future__ import annotations

from typing import Any

from opensearchpy import OpenSearch

from cluster.capabilities import capabilities
from cluster.translate import translated_errors


def cluster_report(client: OpenSearch) -> dict[str, Any]:
    """Address, health and capabilities of the cluster as plain JSON.

    Raises:
        ClusterUnavailable, AuthenticationFailed: see ``translated_errors``.
    """
    found = capabilities(client)
    with translated_errors():
        health = client.cluster.health()["status"]
    # The transport knows hosts without credentials only.
    address = client.transport.get_connection().host
    return {"url": address, "health": health, **found.to_json()}
