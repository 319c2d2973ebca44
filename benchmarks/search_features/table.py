"""The figures of search features as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from benchmarks.harness.pages import block, goals_table, table
from benchmarks.harness.result_file import BenchmarkResult
from benchmarks.search_features.words import AWAY, HOME, METRIC

_WORDS: Final = "words"
_HYBRID: Final = "hybrid"
_WAYS: Final = "facets"
_CLIENT: Final = "client"


def words(result: BenchmarkResult) -> str:
    """nDCG@10 of each part of the leg of words, on both data sets."""
    return block(result, _scores(result, _WORDS), topics=[_WORDS])


def hybrid(result: BenchmarkResult) -> str:
    """nDCG@10 beside the leg of meaning, before and now."""
    return block(result, _scores(result, _HYBRID), topics=[_HYBRID])


def ways(result: BenchmarkResult) -> str:
    """What each feature costs, beside a plain search."""
    rows = [[row["way"], f"{row['p50_ms']:.1f}", f"{row['of_plain']:.2f}"] for row in _of(result, _WAYS)]
    return block(result, table(["search", "p50 ms", "times plain"], rows), topics=[_WAYS])


def client(result: BenchmarkResult) -> str:
    """Where the milliseconds of a search go."""
    rows = [[row["part"], f"{row['p50_ms']:.2f}"] for row in _of(result, _CLIENT)]
    return block(result, table(["part", "p50 ms"], rows), topics=[_CLIENT])


def goals(result: BenchmarkResult) -> str:
    """Every goal."""
    return block(result, goals_table(result.goals))


def _scores(result: BenchmarkResult, topic: str) -> str:
    scores = {(row["system"], row["dataset"]): row[METRIC] for row in _of(result, topic) if METRIC in row}
    systems = dict.fromkeys(system for system, _ in scores)
    rows = [[system, *(f"{scores[system, name]:.4f}" for name in (HOME, AWAY))] for system in systems]
    return table(["words", f"{HOME}, {METRIC}", f"{AWAY}, {METRIC}"], rows)


def _of(result: BenchmarkResult, topic: str) -> list[Mapping[str, Any]]:
    return [row for row in result.rows if row["topic"] == topic]
