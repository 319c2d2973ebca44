"""What was measured → rows, attempts and goals of the result file. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aisle.mappings.vector_types import LAYOUTS, VectorType
from benchmarks.harness.result_file import LOWER, Goal, trials
from benchmarks.vectors.load import Loaded
from benchmarks.vectors.search import METRIC, Searched
from benchmarks.vectors.ways import USUAL, WIDTHS, Way

BENCHMARK: Final = "vectors"
KEPT: Final = "kept"
LOADING: Final = "loading"


@dataclass(frozen=True, slots=True)
class Measured:
    """One way on one engine; ``loaded`` and ``searched`` are None where the node lacks that engine."""

    table: str
    engine: str
    products: int
    way: Way
    loaded: Loaded | None = None
    searched: Searched | None = None

    @property
    def cpu_us(self) -> float | None:
        """Node CPU microseconds a product."""
        return self.loaded.node_cpu_s / self.products * 1e6 if self.loaded else None


def vector_rows(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """One row for each way; figures of an engine that the node lacks are null."""
    return [_row(one) for one in measured]


def _row(one: Measured) -> dict[str, Any]:
    way, loaded, searched = one.way, one.loaded, one.searched
    return {
        "table": one.table,
        "engine": one.engine,
        "way": way.name,
        "type": way.kept_as.value,
        "dims": way.dims,
        "bytes": math.ceil(way.dims * LAYOUTS[way.kept_as][one.engine].bits / 8),
        "m": way.m,
        "ef_construction": way.ef_construction,
        "products": one.products,
        "node_cpu_us": None if loaded is None else round(loaded.node_cpu_s / one.products * 1e6, 1),
        "merge_us": None if loaded is None else round(loaded.merge_s / one.products * 1e6, 1),
        "seconds": None if loaded is None else round(loaded.seconds, 1),
        "segments": None if loaded is None else loaded.files.segments,
        "disk": None if loaded is None else round(loaded.files.store / one.products, 1),
        "recall_10": None if searched is None else round(searched.recall_10, 4),
        "recall_100": None if searched is None else round(searched.recall_100, 4),
        METRIC: None if searched is None else round(searched.ndcg, 4),
        "p50_ms": None if searched is None else round(searched.p50_ms, 2),
    }


def least(measured: Iterable[Measured]) -> list[Measured]:
    """Of several measurements of one way the one of the least CPU: what runs beside it only adds to it."""
    best: dict[tuple[object, ...], Measured] = {}
    for one in measured:
        key = (one.table, one.engine, one.way.name, one.way.kept_as, one.way.dims)
        other = best.get(key)
        if other is None or (one.cpu_us or 0.0) < (other.cpu_us or 0.0):
            best[key] = one
    return list(best.values())


_HALF: Final = 0.5
_LOST: Final = 0.005
ENGINE: Final = "lucene"
"""The one that every node has."""


def vector_goals(measured: Sequence[Measured]) -> list[Goal]:
    """The node's CPU halved at a recall as good; memory and recall of bytes."""
    usual = _usual(measured)
    good = [one for one in _others(measured) if one.searched and _lost(usual, one) <= _LOST]
    ratio = min(((one.cpu_us or 0.0) for one in good), default=usual.cpu_us or 0.0) / (usual.cpu_us or 1.0)
    wide, wide_bytes = (
        _kept(measured, kept_as, WIDTHS[-1]) for kept_as in (VectorType.FP32, VectorType.BYTE)
    )
    return [
        Goal(
            "node CPU a product, the best way to load that loses at most .005 of recall@100 / as Aisle loads",
            round(ratio, 3),
            _HALF,
            LOWER,
        ),
        Goal(
            f"recall@100 lost by bytes of {WIDTHS[-1]} numbers",
            round(_lost(wide, wide_bytes), 4),
            _LOST * 2,
            LOWER,
        ),
    ]


def _others(measured: Sequence[Measured]) -> list[Measured]:
    return [one for one in measured if one.table == LOADING and one.engine == ENGINE]


def _usual(measured: Sequence[Measured]) -> Measured:
    return _kept(measured, USUAL.kept_as, USUAL.dims)


def _kept(measured: Sequence[Measured], kept_as: VectorType, dims: int) -> Measured:
    wanted = (KEPT, ENGINE, kept_as, dims)
    return next(one for one in measured if (one.table, one.engine, one.way.kept_as, one.way.dims) == wanted)


def _lost(before: Measured, one: Measured) -> float:
    """Recall@100 that a way has less."""
    if before.searched is None or one.searched is None:
        raise ValueError("these were not searched")
    return before.searched.recall_100 - one.searched.recall_100


def vector_attempts(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """Each other way to load against the usual one; and what was tried elsewhere, with its figures."""
    usual = _usual(measured)
    ways = [
        {
            "tried": one.way.name,
            "node CPU, times as Aisle loads": round((one.cpu_us or 0.0) / (usual.cpu_us or 1.0), 3),
            "recall@100 lost": round(_lost(usual, one), 4) if one.searched else None,
        }
        for one in _others(measured)
    ]
    return [*ways, *trials("vectors", "loading")]
