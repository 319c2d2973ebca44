"""The benchmark of types and widths: its rows of a tiny catalogue, and its goals by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisle.catalogue.judged import beir_task
from aisle.evaluation.encoders.quality import encode
from aisle.mappings.vector_types import VectorType
from benchmarks import vector_widths
from benchmarks.harness.result_file import CPU, BenchmarkResult
from benchmarks.vector_widths import TRAINED, TYPES, width_goals, width_rows, widths_table
from tests.support.judge_parts import judged_folder, tiny


def row(encoder: str, kept_as: VectorType, dims: int, deep: float) -> dict[str, object]:
    return {
        "encoder": encoder, "kept_as": kept_as.value, "dims": dims, "trained": dims > 64, "bytes": 256,
        "nDCG@10": 0.4, "R@200": deep, "recall@10": 0.9, "recall@100": 0.95,
    }  # fmt: skip


ROWS = [
    *(row("plain", *way) for way in ((VectorType.BYTE, 256, 0.72), (VectorType.FP32, 64, 0.55))),
    *(row(TRAINED, *way) for way in ((VectorType.BYTE, 256, 0.84), (VectorType.FP32, 64, 0.80))),
]


def test_every_type_at_every_width_that_the_model_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_widths, "WIDTHS", (64, 32, 16, 8))
    task = beir_task(judged_folder(tmp_path))
    rows = list(width_rows("tiny", (32, 16), encode(tiny(), task)))
    assert [(r["kept_as"], r["dims"]) for r in rows] == [
        (kept_as.value, dims) for dims in (32, 16, 8) for kept_as in TYPES
    ]
    assert [r["bytes"] for r in rows[:3]] == [128, 64, 32]
    assert [r["trained"] for r in rows[::3]] == [True, True, False]
    assert rows[0]["recall@10"] == rows[0]["recall@100"] == 1
    assert rows[-1]["recall@10"] < rows[2]["recall@10"] < 1
    # A query that is an item's own title finds it, among 60 of which all are in the first 200.
    assert rows[0]["nDCG@10"] > 0.9 and rows[-1]["R@200"] == 1


def test_goals_are_of_equal_bytes() -> None:
    goals = {goal.name: goal for goal in width_goals(ROWS)}
    what = "256 bytes: R@200 of 256 dimensions in bytes"
    assert {name: goal.value for name, goal in goals.items()} == {
        f"plain, {what} above that of 64 in fp32": pytest.approx(0.17),
        f"{TRAINED}, {what} above that of 64 in fp32": pytest.approx(0.04),
        f"{TRAINED}, {what}": 0.84,
    }
    assert [goal.met for goal in goals.values()] == [True, False, True]


def test_the_page_says_where_vectors_are_naively_cut() -> None:
    result = BenchmarkResult(
        benchmark="vector-widths", command="-", commit="0" * 40, cpu="a CPU", date="2026-11-30",
        where=CPU, rows=ROWS, attempts=(), goals=width_goals(ROWS),
    )  # fmt: skip
    shown = widths_table(result)
    assert "| plain | byte | 256 | 256 | 0.4000 | 0.7200 | 0.9000 | 0.9500 |" in shown
    assert "| plain | fp32 | 64, cut | 256 |" in shown
