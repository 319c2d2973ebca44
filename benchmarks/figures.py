"""Every figure that a page may show: its name, its result file and how it is drawn. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.catalogue_figure import catalogue, catalogue_search
from benchmarks.encoder_figure import changes, costs, ladder, summary, widths
from benchmarks.faults_table import faults
from benchmarks.markdown_tables import block, goals_table, number, table
from benchmarks.plan_figure import plan
from benchmarks.quality_table import MAIN, METRICS, title
from benchmarks.result_file import BenchmarkResult
from benchmarks.scale_figure import scale, scale_bounds, searching
from benchmarks.search_quality_figure import (
    search_goals_table,
    search_ladder,
    search_outside,
    search_reranked,
    search_speed_table,
    search_summary,
)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """Attributes:
    benchmark: whose result file it shows.
    render: the result as Markdown, without an end of line.
    """

    benchmark: str
    render: Callable[[BenchmarkResult], str]


def quality(result: BenchmarkResult) -> str:
    """Each leg, the default hybrid, and the best fusion of each width where that is another one."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in result.rows:
        if row.get("fusion"):
            groups.setdefault((row["dataset"], row["dims"]), []).append(row)
    best = [max(rows, key=lambda row: float(row[MAIN])) for rows in groups.values()]
    shown = [row for row in result.rows if not row.get("fusion") or row["default"] or row in best]
    return block(result, _quality_table(shown), goals_table(result.goals))


def fusions(result: BenchmarkResult) -> str:
    """Every fusion on every data set."""
    return block(result, _quality_table([row for row in result.rows if row.get("fusion")]))


def exact(result: BenchmarkResult) -> str:
    """The dense legs against exact search."""
    rows = [
        [row["dataset"], title(row), *(f"{row[key]:.4f}" for key in (MAIN, f"exact {MAIN}", "overlap@200"))]
        for row in result.rows
        if f"exact {MAIN}" in row
    ]
    return block(result, table(["dataset", "leg", f"{MAIN}, HNSW", "exact", "overlap@200"], rows, texts=2))


def indexing(result: BenchmarkResult) -> str:
    """Documents per second of each way to load."""
    rows = [[row["way"], number(row["docs_per_s"])] for row in result.rows]
    return block(result, table(["way", "documents/s"], rows), goals_table(result.goals))


def search(result: BenchmarkResult) -> str:
    """Milliseconds of a search by part."""
    columns = ("p50_ms", "p99_ms", "mean_ms")
    rows = [[row["part"], *(f"{row[column]:.1f}" for column in columns)] for row in result.rows]
    head = ["part", *(column.replace("_", " ") for column in columns)]
    return block(result, table(head, rows), goals_table(result.goals))


def _quality_table(rows: list[Row]) -> str:
    cells = [
        [
            row["dataset"],
            title(row) + (" (default)" if row.get("default") else ""),
            *(f"{row[m]:.4f}" for m in METRICS),
        ]
        for row in rows
    ]
    return table(["dataset", "system", *METRICS], cells, texts=2)


FIGURES: Final[Mapping[str, Figure]] = {
    "spine-quality": Figure("spine-quality", quality),
    "spine-quality-fusions": Figure("spine-quality", fusions),
    "spine-quality-exact": Figure("spine-quality", exact),
    "spine-indexing": Figure("spine-indexing", indexing),
    "spine-search": Figure("spine-search", search),
    "encoder-homedepot": Figure("encoder-homedepot", ladder),
    "encoder-homedepot-summary": Figure("encoder-homedepot", summary),
    "encoder-homedepot-widths": Figure("encoder-homedepot", widths),
    "encoder-homedepot-costs": Figure("encoder-homedepot", costs),
    "encoder-homedepot-changes": Figure("encoder-homedepot", changes),
    "encoder-reviews": Figure("encoder-reviews", ladder),
    "encoder-catalogue": Figure("encoder-catalogue", catalogue),
    "encoder-catalogue-search": Figure("encoder-catalogue", catalogue_search),
    "indexing-faults": Figure("indexing-faults", faults),
    "indexing-plan": Figure("indexing-plan", plan),
    "indexing-scale": Figure("indexing-scale", scale),
    "indexing-scale-bounds": Figure("indexing-scale", scale_bounds),
    "indexing-while-searching": Figure("indexing-while-searching", searching),
    "search-quality-summary": Figure("search-quality", search_summary),
    "search-quality": Figure("search-quality", search_ladder),
    "search-quality-reranked": Figure("search-quality", search_reranked),
    "search-quality-outside": Figure("search-quality", search_outside),
    "search-quality-speed": Figure("search-quality", search_speed_table),
    "search-quality-goals": Figure("search-quality", search_goals_table),
}
