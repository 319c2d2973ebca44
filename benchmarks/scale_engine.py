"""What the node says it worked on: its CPU time, and its threads' time by kind of work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opensearchpy import OpenSearch

# Kind of work to its group and its counter in the answer of `_stats`. A flush to disk happens in a refresh.
_COUNTERS: Final = {
    "index": ("indexing", "index_time_in_millis"),
    "refresh": ("refresh", "total_time_in_millis"),
    "flush": ("flush", "total_time_in_millis"),
    "merge": ("merges", "total_time_in_millis"),
    "merge, throttled": ("merges", "total_throttled_time_in_millis"),
}


def node_cpu_s(client: OpenSearch) -> float:
    """CPU seconds of all nodes' processes since their start."""
    answer = client.nodes.stats(metric="process")
    return float(sum(node["process"]["cpu"]["total_in_millis"] for node in answer["nodes"].values()) / 1000)


def engine_seconds(client: OpenSearch, index: str) -> dict[str, float]:
    """Seconds of the engine's threads at each kind of work on one index, summed over threads."""
    answer = client.indices.stats(index=index, metric="indexing,refresh,flush,merge")
    return read_engine_seconds(answer["_all"]["primaries"])


def read_engine_seconds(stats: Mapping[str, Any]) -> dict[str, float]:
    """The pure part: from ``_all.primaries`` of ``GET <index>/_stats``."""
    return {work: stats[group][counter] / 1000 for work, (group, counter) in _COUNTERS.items()}
