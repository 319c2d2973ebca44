"""Writes the figures of README.md and docs/**/*.md from benchmarks/results; with --check only compares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from aisle._files import whole_file
from aisle.errors import InputError
from benchmarks.adaptation import answer_figures, description_figures
from benchmarks.adaptation import figures as adaptation
from benchmarks.catalogue.figures import catalogue, catalogue_search
from benchmarks.catalogues.table import catalogues
from benchmarks.copies import table as copies
from benchmarks.encoder.figures import changes, costs, ladder, summary, widths
from benchmarks.faults.table import faults
from benchmarks.harness.command_line import RESULTS, run_command, say
from benchmarks.harness.pages import block, goals_table, number, rewrite, table
from benchmarks.harness.result_file import ROOT, BenchmarkResult, read_result
from benchmarks.item_to_item import table as item_to_item
from benchmarks.learned_ranking import table as learned_ranking
from benchmarks.plan_check.figures import plan
from benchmarks.quality.table import MAIN, METRICS, title
from benchmarks.releases import table as releases
from benchmarks.releases.interleaving import interleaving_table
from benchmarks.scale.figures import scale, scale_bounds, searching
from benchmarks.search_features import table as search_features
from benchmarks.search_quality.figures import (
    search_goals_table,
    search_ladder,
    search_outside,
    search_reranked,
    search_speed_table,
    search_summary,
)
from benchmarks.semantic_ids import table as semantic_ids
from benchmarks.service import table as service
from benchmarks.vector_sizes import sizes_table
from benchmarks.vector_widths import widths_table
from benchmarks.vectors import figures as vectors

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """A block of a page, drawn from one result file or several.

    Attributes:
        benchmark: whose result file it shows.
        render: the results, in order, as Markdown without an end of line.
        others: further result files.
    """

    benchmark: str
    render: Callable[..., str]
    others: tuple[str, ...] = ()


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


HEADLINES: Final[Mapping[str, str]] = {
    "homedepot hybrid nDCG@20": "homedepot, hybrid search of three tuned legs: nDCG@20",
    "whole search without rerank (bm25+dense+sparse), 4 clients, queries/s": (
        "hybrid search of three legs, 4 clients: queries/s"
    ),
    "homedepot 64-d R@200": "homedepot, trained encoder at 64 dimensions: R@200",
    "bulk, times fp32 torch": "INT8 encoder in bulk, times fp32 torch",
    "Aisle, vectors looked up / helpers.bulk": "indexing, times `helpers.bulk`",
    "file to swapped alias / slower of encoder and engine alone": (
        "file to live alias, share of the slower of encoder and engine alone"
    ),
    "client overhead / (OpenSearch + encoder), median": (
        "search client's own time, share of OpenSearch's and the encoder's"
    ),
    "documents acknowledged and not readable": (
        "documents acknowledged and lost through kills, storms and lost nodes"
    ),
}


def headlines(*results: BenchmarkResult) -> str:
    """A few goals of several benchmarks, met and missed, in the README's words."""
    goals = {goal.name: goal for result in results for goal in result.goals}
    shown = [replace(goals[name], name=words) for name, words in HEADLINES.items()]
    return f"{goals_table(shown)}\n\n{', '.join(sorted({result.cpu for result in results}))}"


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
    "summary": Figure(
        "search-quality", headlines, ("encoder-homedepot", "indexing", "search-latency", "indexing-faults")
    ),
    "quality": Figure("quality", quality),
    "quality-fusions": Figure("quality", fusions),
    "quality-exact": Figure("quality", exact),
    "interleaving": Figure("releases", interleaving_table),
    "indexing": Figure("indexing", indexing),
    "search-latency": Figure("search-latency", search),
    "encoder-homedepot": Figure("encoder-homedepot", ladder),
    "encoder-homedepot-summary": Figure("encoder-homedepot", summary),
    "encoder-homedepot-widths": Figure("encoder-homedepot", widths),
    "encoder-homedepot-costs": Figure("encoder-homedepot", costs),
    "encoder-homedepot-changes": Figure("encoder-homedepot", changes),
    "encoder-reviews": Figure("encoder-reviews", ladder),
    "encoder-catalogue": Figure("encoder-catalogue", catalogue),
    "encoder-catalogue-search": Figure("encoder-catalogue", catalogue_search),
    "adaptation-answer": Figure("adaptation", answer_figures.answer),
    "adaptation-command": Figure("adaptation", description_figures.command),
    "adaptation-descriptions": Figure("adaptation", description_figures.descriptions),
    "adaptation-goals": Figure("adaptation", adaptation.goals),
    "adaptation-limits": Figure("adaptation", description_figures.limits),
    "adaptation-tables": Figure("adaptation", answer_figures.tables),
    "adaptation-transfer": Figure("adaptation", adaptation.transfer),
    "catalogues": Figure("catalogues", catalogues),
    "copies": Figure("copies", copies.copies),
    "copies-quality": Figure("copies", copies.copies_quality),
    "indexing-faults": Figure("indexing-faults", faults),
    "indexing-plan": Figure("indexing-plan", plan),
    "indexing-scale": Figure("indexing-scale", scale),
    "indexing-scale-bounds": Figure("indexing-scale", scale_bounds),
    "indexing-while-searching": Figure("indexing-while-searching", searching),
    "item-to-item-additions": Figure("item-to-item", item_to_item.additions),
    "item-to-item-distances": Figure("item-to-item", item_to_item.distances),
    "item-to-item-divergence": Figure("item-to-item", item_to_item.divergence),
    "item-to-item-domains": Figure("item-to-item", item_to_item.domains),
    "item-to-item-goals": Figure("item-to-item", item_to_item.goals),
    "item-to-item-heads": Figure("item-to-item", item_to_item.heads),
    "item-to-item-hidden": Figure("item-to-item", item_to_item.hidden),
    "item-to-item-history": Figure("item-to-item", item_to_item.history),
    "item-to-item-index": Figure("item-to-item", item_to_item.index),
    "item-to-item-last-item": Figure("item-to-item", item_to_item.last_item),
    "item-to-item-mixes": Figure("item-to-item", item_to_item.mixes),
    "item-to-item-new-items": Figure("item-to-item", item_to_item.new_items),
    "item-to-item-new-triggers": Figure("item-to-item", item_to_item.new_triggers),
    "item-to-item-published": Figure("item-to-item", item_to_item.published),
    "item-to-item-relevance-weights": Figure("item-to-item", item_to_item.relevance_weights),
    "item-to-item-systems": Figure("item-to-item", item_to_item.systems),
    "item-to-item-teachers": Figure("item-to-item", item_to_item.teachers),
    "learned-ranking": Figure("learned-ranking", learned_ranking.ranking_ladder),
    "learned-ranking-bounds": Figure("learned-ranking", learned_ranking.ranking_bounds),
    "learned-ranking-ceiling": Figure("learned-ranking", learned_ranking.ranking_ceiling),
    "learned-ranking-cross-encoder": Figure("learned-ranking", learned_ranking.ranking_cross_encoder),
    "learned-ranking-no-judgments": Figure("learned-ranking", learned_ranking.ranking_no_judgments),
    "learned-ranking-outside": Figure("learned-ranking", learned_ranking.ranking_outside),
    "learned-ranking-parts": Figure("learned-ranking", learned_ranking.ranking_parts),
    "learned-ranking-sizes": Figure("learned-ranking", learned_ranking.ranking_sizes),
    "learned-ranking-speed": Figure("learned-ranking", learned_ranking.ranking_speed),
    "learned-ranking-teachers": Figure("learned-ranking", learned_ranking.ranking_teachers),
    "learned-ranking-throughput": Figure("learned-ranking", learned_ranking.ranking_throughput),
    "learned-ranking-trained-legs": Figure("learned-ranking", learned_ranking.ranking_trained_legs),
    "learned-ranking-tried": Figure("learned-ranking", learned_ranking.ranking_tried),
    "recommendation-train-only": Figure("semantic-ids", semantic_ids.train_only),
    "recommendation-seen-kept": Figure("semantic-ids", semantic_ids.seen_kept),
    "recommendation-refit": Figure("semantic-ids", semantic_ids.refit),
    "recommendation-cold": Figure("semantic-ids", semantic_ids.cold),
    "recommendation-codes": Figure("semantic-ids", semantic_ids.codes),
    "recommendation-prefixes": Figure("semantic-ids", semantic_ids.prefixes),
    "recommendation-preferences": Figure("semantic-ids", semantic_ids.preferences),
    "recommendation-index": Figure("semantic-ids", semantic_ids.index),
    "recommendation-goals": Figure("semantic-ids", semantic_ids.goals),
    "releases-goals": Figure("releases", releases.goals),
    "releases-faults": Figure("releases", releases.faults),
    "releases-unchanged": Figure("releases", releases.unchanged),
    "releases-rollback": Figure("releases", releases.rollback),
    "service-goals": Figure("service", service.goals),
    "service-loads": Figure("service", service.loads),
    "service-soak": Figure("service", service.soak),
    "service-tried": Figure("service", service.tried),
    "search-features-words": Figure("search-features", search_features.words),
    "search-features-hybrid": Figure("search-features", search_features.hybrid),
    "search-features-ways": Figure("search-features", search_features.ways),
    "search-features-client": Figure("search-features", search_features.client),
    "search-features-goals": Figure("search-features", search_features.goals),
    "search-quality-summary": Figure("search-quality", search_summary),
    "search-quality": Figure("search-quality", search_ladder),
    "search-quality-reranked": Figure("search-quality", search_reranked),
    "search-quality-outside": Figure("search-quality", search_outside),
    "search-quality-speed": Figure("search-quality", search_speed_table),
    "search-quality-goals": Figure("search-quality", search_goals_table),
    "vector-sizes": Figure("vector-sizes", sizes_table),
    "vector-widths": Figure("vector-widths", widths_table),
    "vectors-kept": Figure("vectors", vectors.kept),
    "vectors-loading": Figure("vectors", vectors.loading),
}


def readme_figures(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail if a figure is stale.")
    ] = False,
    root: Annotated[
        Path | None, typer.Option(help="Folder with README.md and docs/. Default: this repository.")
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="Folder with result files. Default: benchmarks/results.")
    ] = None,
) -> None:
    """Draw every block between `figures:NAME` and `/figures` comments anew.

    Examples:

        python -m benchmarks.readme_figures

        python -m benchmarks.readme_figures --check
    """
    folder = results or RESULTS
    stale = {}
    for page in pages(root or ROOT):
        text = page.read_text(encoding="utf-8")
        fresh, old = rewrite(page.name, text, lambda name: figure(name, folder))
        if old:
            stale[page] = (fresh, old)
    if check and stale:
        named = ", ".join(f"{page.name}: {' and '.join(old)}" for page, (_, old) in stale.items())
        raise InputError(f"figures are stale ({named})", fix="run `make readme-figures`")
    for page, (fresh, old) in stale.items():
        with whole_file(page) as file:
            file.write(fresh.encode())
        say(f"{page.name}: {', '.join(old)}")


def pages(root: Path) -> Iterator[Path]:
    """The pages that may hold figures."""
    yield root / "README.md"
    yield from sorted((root / "docs").rglob("*.md"))


def figure(name: str, results: Path) -> str:
    """One figure's Markdown.

    Raises:
        InputError: no such figure, or its result file is missing or broken.
    """
    if name not in FIGURES:
        raise InputError(f"there is no figure {name!r}", fix=f"use one of {', '.join(FIGURES)}")
    found = FIGURES[name]
    return found.render(*(read_result(results / f"{file}.json") for file in (found.benchmark, *found.others)))


if __name__ == "__main__":
    run_command(readme_figures)
