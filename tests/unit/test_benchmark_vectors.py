"""The arithmetic and the tables of the benchmark of vectors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aisle.mappings import IndexMeta
from aisle.mappings.vector_types import VectorType
from benchmarks.harness.result_file import CPU, BenchmarkResult
from benchmarks.plan_check.table import IndexFiles
from benchmarks.vectors.figures import kept, loading
from benchmarks.vectors.load import Loaded
from benchmarks.vectors.search import Searched
from benchmarks.vectors.table import (
    KEPT,
    LOADING,
    Measured,
    least,
    vector_attempts,
    vector_goals,
    vector_rows,
)
from benchmarks.vectors.ways import KEPT_WAYS, LOADING_WAYS, USUAL, Way

FILES = IndexFiles(store=400_000, vectors=256_000, graphs=50_000, compound=0, segments=2)
META = IndexMeta("an-index", {}, "lucene", ())


def _measured(table: str, way: Way, cpu_s: float, recall: float, engine: str = "lucene") -> Measured:
    """Of 1,000 products, so that seconds of CPU are milliseconds a product."""
    found = Searched(recall_10=0.99, recall_100=recall, ndcg=0.25, p50_ms=3.0) if way.dims else None
    return Measured(table, engine, 1_000, way, Loaded(2.0, cpu_s, 0.5, FILES, META), found)


WITHOUT, NARROW, NARROWER, *_ = LOADING_WAYS
MEASURED = [
    *(_measured(KEPT, way, 1.0, 0.99) for way in KEPT_WAYS if way.kept_as is not VectorType.FP16),
    Measured(KEPT, "faiss", 1_000, USUAL),
    _measured(LOADING, WITHOUT, 0.4, 0.0),
    _measured(LOADING, NARROW, 0.8, 0.986),
    _measured(LOADING, NARROWER, 0.6, 0.984),
]


def test_goals_take_the_cheapest_way_that_finds_as_much() -> None:
    ratio, lost = vector_goals(MEASURED)
    # .6 loses .006, and without vectors nothing is found.
    assert ratio.value == pytest.approx(0.8)
    assert not ratio.met
    assert lost.value == pytest.approx(0.0)


def test_without_a_better_way_the_usual_one_is_the_best() -> None:
    ratio, _ = vector_goals([one for one in MEASURED if one.table == KEPT])
    assert ratio.value == 1.0


def test_of_several_rounds_the_least_cpu_counts() -> None:
    slow, fast = _measured(KEPT, USUAL, 1.5, 0.9), _measured(KEPT, USUAL, 1.0, 0.9)
    other = replace(slow, way=replace(USUAL, dims=384))
    assert least([slow, other, fast]) == [fast, other]
    empty = Measured(KEPT, "faiss", 1_000, USUAL)
    assert least([empty, slow, empty]) == [empty, slow]


def test_attempts_are_told_against_the_usual_way() -> None:
    found = {attempt["tried"]: attempt for attempt in vector_attempts(MEASURED) if "tried" in attempt}
    assert found[NARROW.name]["node CPU, times as Aisle loads"] == pytest.approx(0.8)
    assert found[NARROW.name]["recall@100 lost"] == pytest.approx(0.004)
    assert found[WITHOUT.name]["recall@100 lost"] is None


def test_pages_show_every_way_and_leave_room_for_an_engine_that_was_not_there() -> None:
    result = BenchmarkResult(
        benchmark="vectors",
        command="python -m benchmarks.vectors",
        commit="0" * 40,
        cpu="a CPU",
        date="2026-11-30T00:00:00+00:00",
        where=CPU,
        rows=vector_rows(MEASURED),
        attempts=vector_attempts(MEASURED),
        goals=vector_goals(MEASURED),
    )
    page = kept(result)
    assert "| lucene | byte | 384 | 384 | 0.990 | 0.990 | 0.250 | 1,000 | 400 | 3 |" in page
    assert "| faiss | fp32 | 64 | 256 |  |  |  |  |  |  |" in page
    assert "| lucene | without vectors | fp32 | 0 | 16 | 100 | 400 | 500 | 2 |  |  |  |" in loading(result)


def test_every_type_is_measured_at_every_width_on_the_engines_that_keep_it() -> None:
    engines = {way.kept_as: way.engines for way in KEPT_WAYS}
    assert engines[VectorType.FP16] == ("faiss",)
    assert set(engines[VectorType.BYTE]) == {"faiss", "lucene"}
    assert len(KEPT_WAYS) == 8
