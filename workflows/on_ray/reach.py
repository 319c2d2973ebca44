"""The cluster's address as other machines see it."""

from __future__ import annotations

from typing import Any

from cluster import ClusterSettings
from cluster.connect import cluster_urls, on_loopback
from records import InputError


def for_workers(settings: ClusterSettings, ray: Any) -> ClusterSettings:
    """Settings that name the address: a worker elsewhere cannot look for a node of ``aisle up`` here.

    Raises:
        ClusterUnavailable: no address, and no node of ``aisle up`` runs.
        InputError: Ray has several machines and the address means another one on each.
    """
    urls = cluster_urls(settings)
    machines = {node["NodeManagerAddress"] for node in ray.nodes() if node["Alive"]}
    if len(machines) > 1 and any(map(on_loopback, urls)):
        raise InputError(
            f"the workers on {len(machines)} machines cannot reach OpenSearch at {', '.join(urls)}",
            fix="set AISLE_URL to an address that holds on every machine",
        )
    return settings.model_copy(update={"url": ",".join(urls)})
