"""What was measured at scale → rows, attempts and goals of ``indexing-scale``. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from aisle.errors import IndexingFailed
from benchmarks.catalogue.table import growth
from benchmarks.harness.result_file import HIGHER, LOWER, Goal
from benchmarks.indexing.table import harmonic_bound, indexing_rows
from benchmarks.indexing.ways import BULK, CEILING, ENCODER, END_TO_END, PARALLEL, PIPELINE
from benchmarks.scale.load import Loaded, curve_rows
from benchmarks.scale.searching import CLIENTS, RATE, SYSTEMS, Search, Searching
from benchmarks.search_latency.table import percentile

Round = Mapping[str, float]
Record = dict[str, Any]

LOAD: Final = "whole load"
CLIENT_STAGES: Final = "seconds the client's stages were busy"
ENGINE_WORK: Final = "seconds the engine's threads worked"
CORES: Final = "share of all cores that client and node kept busy"


def scale_rows(rounds: Sequence[Round], small: Sequence[Loaded], large: Loaded) -> list[Record]:
    """The growth curve within the large load, every way at the small size, and the whole loads."""
    middle = _median_load(small)
    ways = [{**row, "products": middle.run.documents} for row in indexing_rows(rounds)]
    return [*curve_rows(large.samples), *ways, _load_row(middle), _load_row(large)]


def scale_goals(rounds: Sequence[Round], small: Sequence[Loaded], large: Loaded) -> list[Goal]:
    """The issue's goals; a ratio of speeds is the median of the rounds' own ratios."""
    return [
        Goal(f"{PIPELINE} / {BULK}", _ratio(rounds, PIPELINE, BULK), 3.0, HIGHER),
        Goal(f"{PIPELINE} / {PARALLEL}", _ratio(rounds, PIPELINE, PARALLEL), 1.5, HIGHER),
        Goal(
            f"{END_TO_END} / slower of encoder and engine alone",
            _median(rounds, lambda one: one[END_TO_END] / min(one[ENCODER], one[CEILING])),
            0.95,
            HIGHER,
        ),
        Goal(
            f"client memory above baseline at {large.run.documents:,} products"
            f" / at {small[0].run.documents:,}",
            round(large.run.above_mb / statistics.median(one.run.above_mb for one in small), 4),
            1.2,
            LOWER,
        ),
    ]


def scale_attempts(
    rounds: Sequence[Round], small: Sequence[Loaded], large: Loaded, cores: int
) -> list[Record]:
    """What explains the goals: where the time goes, and what two stages on the same cores can reach."""
    bound = _median(rounds, lambda one: one[END_TO_END] / harmonic_bound(one[ENCODER], one[CEILING]))
    tried = {
        f"{END_TO_END} / harmonic bound 1/(1/encoder + 1/engine)": bound,
        f"{PIPELINE} / {CEILING}": _ratio(rounds, PIPELINE, CEILING),
        f"{END_TO_END} / {BULK}": _ratio(rounds, END_TO_END, BULK),
        "all of the client's resident memory, large / small": round(
            large.peak_mb / statistics.median(one.peak_mb for one in small), 4
        ),
        "client memory above baseline, by round, MB": [round(one.run.above_mb, 1) for one in small],
    }
    if len({sample.products for sample in large.samples}) > 1:
        law = growth([one.products for one in large.samples], [one.seconds for one in large.samples])
        tried["seconds of a load grow with the products to the power of"] = round(law.exponent, 3)
    bounds = [record for one in (_median_load(small), large) for record in _bounds(one, cores)]
    return [*({"tried": name, "value": value} for name, value in tried.items()), *bounds]


def _load_row(loaded: Loaded) -> Record:
    return {
        "load": LOAD,
        "products": loaded.run.documents,
        "products_per_s": round(loaded.per_s, 1),
        "seconds": round(loaded.run.seconds, 1),
        "to_go_live_s": round(loaded.run.seconds - loaded.load_s, 1),
        "baseline_mb": round(loaded.run.baseline_mb, 1),
        "above_mb": round(loaded.run.above_mb, 1),
    }


def _bounds(loaded: Loaded, cores: int) -> list[Record]:
    products = loaded.run.documents
    return [
        {"tried": CLIENT_STAGES, "products": products, "value": _rounded(loaded.run.stage_s)},
        {"tried": ENGINE_WORK, "products": products, "value": _rounded(loaded.engine_s)},
        {
            "tried": "CPU seconds",
            "products": products,
            "value": _rounded({"client": loaded.client_cpu_s, "node": loaded.node_cpu_s}),
        },
        {"tried": CORES, "products": products, "value": round(loaded.cores_used(cores), 3)},
    ]


def _median_load(loads: Sequence[Loaded]) -> Loaded:
    """The load of the median speed; of an even number the slower of the two in the middle."""
    return sorted(loads, key=lambda one: one.per_s)[(len(loads) - 1) // 2]


def _ratio(rounds: Sequence[Round], one: str, other: str) -> float:
    return _median(rounds, lambda found: found[one] / found[other])


def _median(rounds: Sequence[Round], ratio: Callable[[Round], float]) -> float:
    return round(statistics.median(map(ratio, rounds)), 4)


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in seconds.items()}


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
