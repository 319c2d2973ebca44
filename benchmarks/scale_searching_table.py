"""Searches with and without a load beside them → rows, attempts and goals. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aisle.errors import IndexingFailed
from benchmarks.latency_table import percentile
from benchmarks.result_file import LOWER, Goal
from benchmarks.scale_clients import CLIENTS, RATE, SYSTEMS, Search
from benchmarks.scale_searching import Searching

IDLE: Final = "nothing else"
LOADING: Final = "a reload"
_SHARES: Final[Mapping[str, float]] = {"p50": 0.50, "p99": 0.99}


def searching_rows(measured: Searching) -> list[dict[str, Any]]:
    """One row per system and time.

    Raises:
        IndexingFailed: not one search of a system succeeded in one of the times.
    """
    times = {IDLE: measured.idle, LOADING: measured.loading}
    return [
        _row(system, beside, [search for search in searches if search.system == system])
        for system in SYSTEMS
        for beside, searches in times.items()
    ]


def searching_goals(measured: Searching) -> list[Goal]:
    """No search may fail, at the swap neither. The issue names no number for the latency."""
    failed = sum(search.failed for search in [*measured.idle, *measured.loading])
    return [Goal("failed searches", float(failed), 0.0, LOWER)]


def searching_attempts(measured: Searching) -> list[dict[str, Any]]:
    """How much slower searches are beside a load, and a load beside searches."""
    rows = {(row["system"], row["beside"]): row for row in searching_rows(measured)}
    slower = {
        f"{system}: {name} beside a reload / beside nothing": round(
            rows[system, LOADING][f"{name}_ms"] / rows[system, IDLE][f"{name}_ms"], 2
        )
        for system in SYSTEMS
        for name in _SHARES
    }
    facts = {
        **slower,
        "products of the live release": measured.alone.run.documents,
        "clients, searches a second of all": [CLIENTS, RATE],
        "products a second, loaded alone": round(measured.alone.per_s, 1),
        "products a second, loaded beside the searches": round(measured.beside.per_s, 1),
        "CPU seconds of the load's client beside the searches": round(measured.beside.client_cpu_s, 1),
    }
    return [{"tried": name, "value": value} for name, value in facts.items()]


def _row(system: str, beside: str, searches: Sequence[Search]) -> dict[str, Any]:
    done = [search for search in searches if not search.failed]
    if not done:
        raise IndexingFailed(
            f"no {system} search succeeded beside {beside}", fix="load more products, or search for longer"
        )
    parts = {
        "": [search.ms for search in done],
        "server_": [search.server_ms for search in done],
        "encode_": [search.encode_ms for search in done],
    }
    found = {
        f"{part}{name}_ms": round(percentile(values, share), 2)
        for part, values in parts.items()
        for name, share in _SHARES.items()
    }
    return {"system": system, "beside": beside, "searches": len(searches), **found}
