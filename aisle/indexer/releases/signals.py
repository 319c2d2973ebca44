"""How a release's business signals are spread, asked of the loaded release and kept in its ``_meta``."""

from __future__ import annotations

from aisle.cluster import Cluster
from aisle.mappings.index_body import declared_numbers
from aisle.mappings.signals import percentiles_body, read_percentiles


def store_percentiles(cluster: Cluster, release: str) -> None:
    """Measure and write; to be repeated safely.

    A mapping's ``_meta`` is replaced as a whole, so all that stands there is written again.
    """
    mapping = cluster.indices.get(index=release)[release]["mappings"]
    answer = cluster.search(index=release, body=percentiles_body(sorted(declared_numbers(mapping))))
    meta = mapping["_meta"]
    features = {**meta["aisle"].get("features", {}), "signals": read_percentiles(answer["aggregations"])}
    body = {"_meta": {**meta, "aisle": {**meta["aisle"], "features": features}}}
    cluster.indices.put_mapping(index=release, body=body)
