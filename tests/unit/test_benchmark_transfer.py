"""What transfers between domains is measured with: intervals, and a shop whose reviews have odd dates."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from benchmarks.adaptation import answer_figures, description_figures, figures
from benchmarks.adaptation.domains import READERS
from benchmarks.adaptation.transfer import interval
from benchmarks.harness.result_file import HIGHER, BenchmarkResult, Goal


def test_an_interval_holds_what_users_tell() -> None:
    users = np.random.default_rng(2).normal(0.1, 1.0, 2000)
    low, high = interval(users)
    assert low < users.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / 2000**0.5, rel=0.15)
    nothing = interval(np.zeros(50))
    assert nothing == (0.0, 0.0)


def test_reviews_of_the_year_without_a_year_come_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "steam"
    folder.mkdir()
    monkeypatch.setenv("AISLE_DATA", str(tmp_path))
    games = [{"item_id": "1", "app_name": "A", "tags": ["x", "y"]}, {"item_id": "2", "app_name": "B"}]
    with gzip.open(folder / "games.jsonl.gz", "wb") as file:
        file.write(b"\n".join(map(orjson.dumps, games)))
    with gzip.open(folder / "user_reviews.csv.gz", "wt", newline="", encoding="utf-8") as lines:
        rows = csv.writer(lines)
        rows.writerow(["user_id", "item_id", "posted", "review"])
        rows.writerow(["u", "1", "May 20.", "good, and\nmore"])
        rows.writerow(["u", "2", "August 9, 2014.", ""])
        rows.writerow(["u", "3", "August 9, 2014.", "no such game"])
    sequences, texts = READERS["steam"]()
    assert [sequences.items[step] for step in sequences.of(0)] == ["2", "1"]
    assert dict(zip(sequences.items, texts, strict=True)) == {"1": "A x, y", "2": "B"}


def result_of(rows: list[dict[str, Any]]) -> BenchmarkResult:
    goal = Goal("none", 0, 0, HIGHER)
    return BenchmarkResult("adaptation", "measure", "0" * 40, "a CPU", "2026-11-30", "cpu", rows, (), (goal,))


def test_the_answer_shows_what_was_measured_and_the_pages_what_was_not() -> None:
    transfers = [
        {"topic": "transfer steam", "dataset": "steam", "system": name, "protocol": "train only", "R@10": 0.1}
        for name in answer_figures.SYSTEMS.values()
    ]
    described = [
        {"topic": "description icecat", "dataset": "icecat", "system": name, "64/R@200": value}
        for name, value in zip((*answer_figures.WAYS, "supervised head"), (5, 6, 7, 8, 9, 10), strict=True)
    ]
    shown = answer_figures.answer(result_of([*transfers, *described]))
    assert "| steam | 0.1000 |" in shown
    assert "| icecat | 5.0000 |" in shown and "| 10.0000 |" in shown
    assert "rows an id" not in shown
    one = description_figures.descriptions(result_of(described))
    assert '--only "description homedepot"' in one and "| supervised head | 10.0000 |" in one
    assert "60%" in one  # Of the supervised gain, description + catalogue.
    assert '--only "limits"' in description_figures.limits(result_of(described))
    assert "transfer beauty,transfer sports" in figures.transfer(result_of(described))
