"""The pure parts of the benchmark of indexing at scale; the measurements need quiet and real data."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.catalogue import read_catalogue
from aisle.errors import IndexingFailed, InputError
from aisle.indexer import Progress
from aisle.mappings import BM25
from aisle.search.systems import HYBRID
from benchmarks.harness.file_to_alias import FileToAlias
from benchmarks.harness.result_file import CPU, BenchmarkResult
from benchmarks.indexing.ways import BULK, CEILING, ENCODER, END_TO_END, PARALLEL, PIPELINE
from benchmarks.readme_figures import FIGURES
from benchmarks.scale.__main__ import SIZES, scale, sizes
from benchmarks.scale.load import Curve, Loaded, Sample, curve_rows, read_engine_seconds
from benchmarks.scale.parts import heap_mib, write_products
from benchmarks.scale.searching import SYSTEMS, Search, Searching, due_times, within
from benchmarks.scale.table import (
    CORES,
    IDLE,
    LOAD,
    LOADING,
    scale_attempts,
    scale_goals,
    scale_rows,
    searching_attempts,
    searching_goals,
    searching_rows,
)

ENGINE = {"index": 10.0, "merge": 5.04}
SMALL = Loaded(
    FileToAlias(1_000, 2.0, 90.0, 100.0, {"encode": 1.26}),
    load_s=1.5,
    client_cpu_s=2.0,
    node_cpu_s=1.0,
    engine_s=ENGINE,
    samples=(),
)
LARGE = Loaded(
    FileToAlias(4_000, 10.0, 90.0, 130.0, {"encode": 6.0}),
    load_s=9.0,
    client_cpu_s=10.0,
    node_cpu_s=8.0,
    engine_s=ENGINE,
    samples=(Sample(1_000, 2.0, 100.0), Sample(2_000, 4.0, 110.0), Sample(4_000, 9.0, 130.0)),
)
ROUND = {
    END_TO_END: 500.0,
    ENCODER: 1_000.0,
    BULK: 800.0,
    PARALLEL: 1_600.0,
    PIPELINE: 2_000.0,
    CEILING: 4_000.0,
}


def result(benchmark: str, **parts: Any) -> BenchmarkResult:
    return BenchmarkResult(
        benchmark, "python -m benchmarks.scale", "0" * 40, "A CPU", "2026-01-02", CPU, **parts
    )


def progress(accepted: int, refused: int, seconds: float) -> Progress:
    return Progress(
        read=9_999,
        encoded=9_999,
        accepted=accepted,
        refused=refused,
        retries=0,
        seconds=seconds,
        busy_s={},
        took_ms=0,
    )


def test_products_are_distinct_rows_that_the_indexer_reads(tmp_path: Path) -> None:
    path = tmp_path / "products.jsonl"
    write_products(path, ["Brass Tap, 4 in.", "Portal", "portal"], 40)
    rows = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    assert [row["title"] for row in rows[:2]] == ["Brass Tap, 4 in.", "Portal"]
    assert len({row["title"].casefold() for row in rows}) == 40
    items = list(read_catalogue(path))
    assert [(item.id, item.title) for item in items] == [(row["id"], row["title"]) for row in rows]


def test_fewer_products_are_the_beginning_of_more(tmp_path: Path) -> None:
    few, more = tmp_path / "few", tmp_path / "more"
    write_products(few, ["Tap", "Portal"], 10)
    write_products(more, ["Tap", "Portal"], 30)
    assert more.read_bytes().startswith(few.read_bytes())


def test_without_titles_there_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "products.jsonl"
    with pytest.raises(InputError, match="no real titles"):
        write_products(path, [], 10)
    assert not list(tmp_path.iterdir())


def test_sizes_of_a_trial_are_parts_of_its_limit() -> None:
    assert sizes(None) == SIZES
    assert sizes(4_000) == (1_000, 2_000, 4_000)
    assert min(sizes(1)) == 1


@pytest.mark.parametrize("trial", [{"limit": 10}, {"rounds": 1}, {"idle": 1.0}])
def test_a_trial_cannot_overwrite_the_results(trial: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="must not overwrite"):
        scale(**{"limit": None, "rounds": 3, "idle": 40.0, "out": None} | trial)


def test_the_heap_leaves_most_of_the_memory() -> None:
    assert 512 <= heap_mib() <= 4096


@given(
    st.lists(st.integers(0, 4), max_size=30),
    st.lists(st.integers(1, 20), unique=True, max_size=6).map(sorted),
)
def test_a_curve_samples_each_mark_once_when_it_is_passed(steps: list[int], marks: list[int]) -> None:
    curve, done, seen = Curve(marks), 0, []
    for second, step in enumerate(steps):
        done += step
        seen.append(done)
        curve.look(progress(done, 0, float(second)), 1.0)
    firsts = [next((now for now in seen if now >= mark), None) for mark in marks]
    assert [sample.products for sample in curve.samples] == sorted({one for one in firsts if one is not None})


def test_a_curve_counts_what_was_refused() -> None:
    curve = Curve([100])
    curve.look(progress(99, 0, 1.0), 5.0)
    curve.look(progress(99, 1, 2.0), 7.0)
    assert curve.samples == [Sample(100, 2.0, 7.0)]


def test_curve_rows_give_the_speed_so_far_and_since_the_row_before() -> None:
    rows = curve_rows(LARGE.samples)
    assert [row["products_per_s"] for row in rows] == [500.0, 500.0, 444.4]
    assert [row["since_last_row_per_s"] for row in rows] == [500.0, 500.0, 400.0]


def test_a_load_travels_as_json() -> None:
    assert Loaded.from_json(json.loads(orjson.dumps(asdict(LARGE)))) == LARGE


def test_cores_used_counts_both_processes() -> None:
    assert LARGE.cores_used(2) == pytest.approx(0.9)


def test_engine_seconds_are_read_by_kind_of_work() -> None:
    stats = {
        "indexing": {"index_time_in_millis": 1_000},
        "refresh": {"total_time_in_millis": 2_000},
        "flush": {"total_time_in_millis": 500},
        "merges": {"total_time_in_millis": 4_000, "total_throttled_time_in_millis": 250},
    }
    assert read_engine_seconds(stats) == {
        "index": 1.0, "refresh": 2.0, "flush": 0.5, "merge": 4.0, "merge, throttled": 0.25,
    }  # fmt: skip


def test_scale_goals_are_the_issues_own() -> None:
    slow = {name: value / 2 for name, value in ROUND.items()}
    goals = scale_goals([ROUND, slow, ROUND], [SMALL], LARGE)
    assert [(goal.value, goal.goal) for goal in goals] == [(2.5, 3.0), (1.25, 1.5), (0.5, 0.95), (1.3, 1.2)]
    assert not any(goal.met for goal in goals)
    flat = replace(LARGE, run=replace(LARGE.run, above_mb=110.0))
    fast = {**ROUND, PIPELINE: 2_500.0, END_TO_END: 960.0}
    assert all(goal.met for goal in scale_goals([fast], [SMALL], flat))


def test_scale_attempts_hold_the_harmonic_bound_and_what_bounds_a_load() -> None:
    tried = scale_attempts([ROUND], [SMALL], LARGE, 2)
    values = {(one["tried"], one.get("products")): one["value"] for one in tried}
    # 1 / (1/1000 + 1/4000) = 800 products a second.
    assert values["file to swapped alias / harmonic bound 1/(1/encoder + 1/engine)", None] == 0.625
    assert values[CORES, 4_000] == 0.9
    assert values["CPU seconds", 1_000] == {"client": 2.0, "node": 1.0}
    exponent = values["seconds of a load grow with the products to the power of", None]
    assert 1.0 < exponent < 1.2


def test_the_growth_needs_more_than_one_sample() -> None:
    tried = scale_attempts([ROUND], [SMALL], replace(LARGE, samples=LARGE.samples[:1]), 2)
    assert not [one for one in tried if "power" in one["tried"]]


def test_the_scale_figures_show_loads_curve_ways_and_bounds() -> None:
    slower = replace(SMALL, run=replace(SMALL.run, seconds=4.0))
    parts: dict[str, Any] = {
        "rows": scale_rows([ROUND], [slower, SMALL, SMALL], LARGE),
        "attempts": scale_attempts([ROUND], [SMALL], LARGE, 2),
        "goals": scale_goals([ROUND], [SMALL], LARGE),
    }
    assert [row["products_per_s"] for row in parts["rows"] if row.get("load") == LOAD] == [500.0, 400.0]
    drawn = FIGURES["indexing-scale"].render(result("indexing-scale", **parts))
    for line in (
        "| 4,000 | 400 | 10 | 1 | 130 |",
        "| 4,000 | 9 | 444 | 400 | 130 |",
        "| way, 1,000 products | products/s |",
        "| helpers.bulk | 800 |",
        "| Aisle, vectors looked up / helpers.bulk ≥ 3 | 2.5 | **no** |",
    ):
        assert line in drawn.splitlines()
    drawn = FIGURES["indexing-scale-bounds"].render(result("indexing-scale", **parts))
    assert "| seconds the engine's threads worked | merge | 4,000 | 5 |" in drawn.splitlines()
    assert "| share of all cores that client and node kept busy |  | 1,000 | 0.75 |" in drawn.splitlines()


def test_clients_take_turns_at_the_whole_rate() -> None:
    every = [list(islice(due_times(10.0, client, 3, 20.0), 4)) for client in range(3)]
    times = sorted(time for one in every for time in one)
    assert times[0] == 10.0
    assert [b - a for a, b in pairwise(times)] == pytest.approx([0.05] * 11)


def searches(system: str, *milliseconds: float, failed: int = 0) -> list[Search]:
    done = [Search(system, 5.0, 5.0 + ms / 1000, ms / 2, 1.0) for ms in milliseconds]
    return done + [Search(system, 5.0, 6.0, 0.0, 0.0, failed=True)] * failed


def test_a_search_counts_from_when_it_was_due_until_it_was_done() -> None:
    late = Search(BM25, due=1.0, done=1.25, server_ms=20.0, encode_ms=0.0)
    assert late.ms == 250.0
    # Slow ones at the end belong to the time that made them slow.
    assert within([late], 0.5, 1.1) == [late]
    assert within([late], 1.1, 2.0) == []
    assert within([late], 0.0, 1.0) == []


def test_searching_rows_goals_and_figure() -> None:
    idle = [one for system in SYSTEMS for one in searches(system, 10.0, 20.0)]
    loading = [*searches(HYBRID, 40.0, 60.0, failed=1), *searches(BM25, 20.0, 30.0)]
    measured = Searching(idle, loading, SMALL, LARGE)
    rows = {(row["system"], row["beside"]): row for row in searching_rows(measured)}
    assert len(rows) == 4
    hybrid = rows[HYBRID, LOADING]
    assert (hybrid["searches"], hybrid["p50_ms"], hybrid["p99_ms"]) == (3, 40.0, 60.0)
    assert (hybrid["server_p50_ms"], hybrid["encode_p99_ms"]) == (20.0, 1.0)
    assert rows[BM25, IDLE]["p99_ms"] == 20.0
    goals = searching_goals(measured)
    assert [(goal.value, goal.met) for goal in goals] == [(1.0, False)]
    tried = {one["tried"]: one["value"] for one in searching_attempts(measured)}
    assert tried["hybrid: p99 beside a reload / beside nothing"] == 3.0
    assert tried["products a second, loaded beside the searches"] == 400.0
    whole = result(
        "indexing-while-searching",
        rows=list(rows.values()),
        attempts=searching_attempts(measured),
        goals=goals,
    )
    drawn = FIGURES["indexing-while-searching"].render(whole)
    assert f"| {HYBRID} | {LOADING} | 3 | 40.0 | 60.0 | 20.0 | 30.0 |" in drawn.splitlines()


def test_a_time_without_a_successful_search_is_no_figure() -> None:
    nothing = Searching(searches(HYBRID, failed=2), [], SMALL, LARGE)
    with pytest.raises(IndexingFailed, match="no hybrid search succeeded"):
        searching_rows(nothing)
