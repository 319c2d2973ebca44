"""How a release's business signals are spread, asked of the loaded release and kept in its ``_meta``."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

from aisle.cluster import Cluster
from aisle.indexer.releases.release_meta import read_meta, rewrite_meta
from aisle.mappings.index_body import declared_numbers
from aisle.mappings.signals import SignalBoosts, percentiles_body, read_percentiles, signal_fields


def store_percentiles(cluster: Cluster, release: str, boosts: SignalBoosts | None = None) -> None:
    """Measure and write; to be repeated safely.

    Args:
        cluster: connection.
        release: index, loaded.
        boosts: what searches use that name none; signals that no item has are left out.
    """
    mapping = cluster.indices.get(index=release)[release]["mappings"]
    answer = cluster.search(index=release, body=percentiles_body(sorted(declared_numbers(mapping))))
    found = read_percentiles(answer["aggregations"])
    features = read_meta(cluster, release)["aisle"].get("features", {})
    changed: dict[str, Any] = {"features": {**features, "signals": found}}
    if boosts is not None:
        kept = {name: w for name, w in boosts.weights.items() if found.keys() & set(signal_fields(name))}
        if lacking := boosts.weights.keys() - kept.keys():
            warnings.warn(
                f"no item of {release} has {', '.join(sorted(lacking))}: searches go without", stacklevel=2
            )
        if kept:
            changed["boosts"] = replace(boosts, weights=kept).to_json()
    rewrite_meta(cluster, release, changed)
