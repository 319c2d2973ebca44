"""Timings of many searches → rows and goals of the latency benchmark. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aisle.search import Timings
from benchmarks.harness.result_file import LOWER, Goal

# OpenSearch floors `took` to whole milliseconds, which hides half of one per request on average.
HIDDEN_MS = 0.5
REQUESTS = 2


@dataclass(frozen=True, slots=True)
class Parts:
    """One search's milliseconds, or the sum of several."""

    total: float
    server: float
    encode: float

    @property
    def client(self) -> float:
        """What neither OpenSearch nor the encoder took: HTTP, JSON, fusion, signals."""
        return self.total - self.server - self.encode

    @property
    def overhead(self) -> float:
        """The client's part as a share of the rest."""
        return self.client / (self.server + self.encode)


def parts_of(timings: Sequence[Timings]) -> list[Parts]:
    """One for each search."""
    return [Parts(t.total, t.server, t.encode) for t in timings]


def summed(parts: Sequence[Parts]) -> Parts:
    """All together."""
    return Parts(sum(p.total for p in parts), sum(p.server for p in parts), sum(p.encode for p in parts))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of the values do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def latency_rows(parts: Sequence[Parts]) -> list[dict[str, Any]]:
    """Milliseconds by part: p50, p99 and mean."""
    columns = {
        "SearchClient.search": [p.total for p in parts],
        "OpenSearch (took, both requests)": [p.server for p in parts],
        "encoder": [p.encode for p in parts],
        "client": [p.client for p in parts],
    }
    return [
        {
            "part": name,
            "p50_ms": round(percentile(values, 0.50), 2),
            "p99_ms": round(percentile(values, 0.99), 2),
            "mean_ms": round(sum(values) / len(values), 2),
        }
        for name, values in columns.items()
    ]


def latency_goals(parts: Sequence[Parts]) -> list[Goal]:
    """The issue's goal: half of all searches have at most this overhead."""
    overhead = percentile([p.overhead for p in parts], 0.50)
    return [Goal("client overhead / (OpenSearch + encoder), median", round(overhead, 4), 0.20, LOWER)]


def latency_attempts(parts: Sequence[Parts], cpu_ms: float) -> list[dict[str, Any]]:
    """What explains the goal: sums, which whole milliseconds distort less, and the client's own work.

    Args:
        parts: one for each search.
        cpu_ms: CPU time of the searching thread over all searches, the encoder's included. The rest of the
            client's part is waiting: for the network, and for what OpenSearch does outside its ``took``.
    """
    whole = summed(parts)
    hidden = HIDDEN_MS * REQUESTS * len(parts)
    mended = Parts(whole.total, whole.server + hidden, whole.encode)
    return [
        {"tried": "overhead of the sums over all searches", "value": round(whole.overhead, 3)},
        {
            "tried": f"the same with {HIDDEN_MS} ms added to each took, which is floored",
            "value": round(mended.overhead, 3),
        },
        {
            "tried": "the client's own CPU time per search without the encoder, ms",
            "value": round((cpu_ms - whole.encode) / len(parts), 2),
        },
    ]
