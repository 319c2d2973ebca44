"""The tables of indexing at scale for the pages. Pure."""

from __future__ import annotations

from benchmarks.harness.pages import block, goals_table, number, table
from benchmarks.harness.result_file import BenchmarkResult
from benchmarks.scale.table import CLIENT_STAGES, CORES, ENGINE_WORK


def scale(result: BenchmarkResult) -> str:
    """The whole loads, the growth within the large one, every way at the small size, and the goals."""
    return block(result, _loads(result), _curve(result), _ways(result), goals_table(result.goals))


def scale_bounds(result: BenchmarkResult) -> str:
    """Where the time goes, in the client and in the engine, at both sizes."""
    found = [one for one in result.attempts if one.get("tried") in (CLIENT_STAGES, ENGINE_WORK)]
    rows = [
        [one["tried"], work, f"{one['products']:,}", number(seconds)]
        for one in sorted(found, key=lambda one: (str(one["tried"]), int(one["products"])))
        for work, seconds in one["value"].items()
    ]
    cores = [
        [CORES, "", f"{one['products']:,}", number(one["value"])]
        for one in result.attempts
        if one.get("tried") == CORES
    ]
    return block(result, table(["what", "work", "products", "seconds or share"], [*rows, *cores], texts=2))


def searching(result: BenchmarkResult) -> str:
    """Latency of searches beside a reload and beside nothing."""
    columns = ("p50_ms", "p99_ms", "server_p50_ms", "server_p99_ms")
    rows = [
        [row["system"], row["beside"], f"{row['searches']:,}", *(f"{row[column]:.1f}" for column in columns)]
        for row in result.rows
    ]
    head = ["search", "beside", "searches", "p50 ms", "p99 ms", "OpenSearch p50 ms", "OpenSearch p99 ms"]
    return block(result, table(head, rows, texts=2), goals_table(result.goals))


def _loads(result: BenchmarkResult) -> str:
    columns = ("products_per_s", "seconds", "to_go_live_s", "above_mb")
    rows = [
        [f"{row['products']:,}", *(number(row[column]) for column in columns)]
        for row in result.rows
        if "load" in row
    ]
    return table(
        ["products, file to live alias", "products/s", "seconds", "of these to go live", "client MB"], rows
    )


def _curve(result: BenchmarkResult) -> str:
    columns = ("seconds", "products_per_s", "since_last_row_per_s", "above_mb")
    rows = [
        [f"{row['products']:,}", *(number(row[column]) for column in columns)]
        for row in result.rows
        if "since_last_row_per_s" in row
    ]
    return table(
        ["acknowledged so far", "seconds", "products/s", "since the row above", "client MB so far"], rows
    )


def _ways(result: BenchmarkResult) -> str:
    ways = [row for row in result.rows if "way" in row]
    size = ways[0]["products"]
    return table(
        [f"way, {size:,} products", "products/s"], [[row["way"], number(row["docs_per_s"])] for row in ways]
    )
