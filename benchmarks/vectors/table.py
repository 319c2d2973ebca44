"""What was measured → rows, attempts and goals of the result file. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aisle.mappings.vector_types import LAYOUTS
from aisle.errors import InputError
from benchmarks.harness.result_file import LOWER, Goal, trials
from benchmarks.vectors.load import Loaded
from benchmarks.vectors.search import METRIC, Searched
from benchmarks.vectors.ways import CHOSEN, UNTIL_NOW, Way

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
        "bytes": way.dims * LAYOUTS[way.kept_as][one.engine].bits / 8,
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
    best: dict[tuple[str, str, str], Measured] = {}
    for one in measured:
        key = (one.table, one.engine, one.way.name)
        other = best.get(key)
        if other is None or (one.cpu_us or 0) < (other.cpu_us or 0):
            best[key] = one
    return list(best.values())


_HALF: Final = 0.5
_LOST: Final = 0.005
ENGINE: Final = "lucene"


def vector_goals(measured: Sequence[Measured]) -> list[Goal]:
    """The node's CPU halved, at a recall as good, by the way that Aisle loads now."""
    before, now = (_of(measured, way) for way in (UNTIL_NOW, CHOSEN))
    if not (before.cpu_us and now.cpu_us and before.searched and now.searched):
        raise InputError("the ways to load were not measured", fix="run it on a node with lucene's engine")
    lost = before.searched.recall_100 - now.searched.recall_100
    return [
        Goal("node CPU a product, now / until now", round(now.cpu_us / before.cpu_us, 3), _HALF, LOWER),
        Goal("recall@100 lost", round(lost, 4), _LOST, LOWER),
    ]


def _of(measured: Sequence[Measured], way: Way) -> Measured:
    return next(one for one in measured if (one.table, one.engine, one.way) == (LOADING, ENGINE, way))


def vector_attempts(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """Each way to load against how Aisle did until now; and what was tried elsewhere, with its figures."""
    before = _of(measured, UNTIL_NOW)
    ways = [
        {"tried": one.way.name, "node CPU, times until now": round(one.cpu_us / (before.cpu_us or 1), 3)}
        for one in measured
        if one.table == LOADING and one.engine == ENGINE and one.cpu_us
    ]
    return [*ways, *trials("vectors", "loading")]
