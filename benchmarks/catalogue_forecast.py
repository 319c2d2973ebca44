"""What 100 million products would cost, from the rows of the catalogue benchmark. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from aisle.mappings import IndexSettings
from benchmarks.catalogue_cost import FORMATS, GB, core_hours, disk_bytes, memory_bytes, shards
from benchmarks.catalogue_table import BUILD, Row, growths, search_figure

PRODUCTS: Final = 100_000_000
WORK: Final = f"{PRODUCTS:,} products: time"
_SPACE: Final = f"{PRODUCTS:,} products: space, "


def forecast(rows: Sequence[Row], settings: IndexSettings, cores: int) -> list[dict[str, Any]]:
    """Attempts: hours by the measured rates, and for each vector format the space by formula."""
    return [_work(rows, settings, cores), *_space(settings)]


def space_name(tried: str) -> str | None:
    """The vector format that an attempt is about, None if it is about something else."""
    return tried.removeprefix(_SPACE) if tried.startswith(_SPACE) else None


def _work(rows: Sequence[Row], settings: IndexSettings, cores: int) -> dict[str, Any]:
    last, laws = rows[-1], growths(rows, settings.ef_search)
    one_graph = laws[BUILD].at(PRODUCTS) * cores / 3600
    slowest = max(laws[search_figure(one["queries"])].at(PRODUCTS) for one in last["asked"])
    return {
        "tried": WORK,
        "value": {
            "core-hours to encode": round(core_hours(PRODUCTS, last["products_per_s"], cores), 1),
            f"core-hours to build graphs of {last['products']:,}": round(
                core_hours(PRODUCTS, last["vectors_per_s"], cores), 1
            ),
            "core-hours to build a single graph, by its growth": round(one_graph, 1),
            "ms for a search of a single graph (p50), by its growth": round(slowest, 2),
        },
    }


def _space(settings: IndexSettings) -> list[dict[str, Any]]:
    attempts = []
    for kind in FORMATS:
        disk = disk_bytes(PRODUCTS, settings.dims, settings.m, kind)
        attempts.append(
            {
                "tried": f"{_SPACE}{kind.name}",
                "value": {
                    "memory_gb": round(memory_bytes(PRODUCTS, settings.dims, settings.m, kind.bits) / GB, 1),
                    "disk_gb": round(disk / GB, 1),
                    "shards": shards(disk),
                },
            }
        )
    return attempts
