"""Delete a release and what belongs to it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from aisle.cluster import Cluster
from aisle.mappings.suggestions import suggest_alias, suggest_index

_NO_PARAMS: Final[Mapping[str, Any]] = MappingProxyType({})


def delete_release(cluster: Cluster, release: str, params: Mapping[str, Any] = _NO_PARAMS) -> None:
    """Delete a release, if it is there, and its suggestions in the same request; nobody else's index.

    Args:
        cluster: connection.
        release: index.
        params: of each request.
    """
    suggestions = suggest_index(release)
    ours = cluster.indices.exists_alias(index=suggestions, name=suggest_alias(release), params=dict(params))
    doomed = f"{release},{suggestions}" if ours else release
    cluster.indices.delete(index=doomed, params={**params, "ignore_unavailable": "true"})
