"""The catalogue benchmark's tables for docs/benchmarks/large-catalogues.md. Pure."""

from __future__ import annotations

from benchmarks.catalogue.forecast import WORK, space_name
from benchmarks.harness.pages import block, goals_table, number, table
from benchmarks.harness.result_file import BenchmarkResult


def catalogue(result: BenchmarkResult) -> str:
    """Work and space at every size, how they grow, the cost of 100 million, and the goals."""
    return block(
        result, _sizes(result), _asked(result), _growth(result), _work(result), _space(result),
        goals_table(result.goals),
    )  # fmt: skip


def catalogue_search(result: BenchmarkResult) -> str:
    """Every set of queries at every beam and size."""
    rows = [
        [
            f"{row['products']:,}", one["queries"], f"{one['ef_search']}", f"{one['recall_10']:.4f}",
            f"{one['recall_100']:.4f}", f"{one['p50_ms']:.3f}", f"{one['p99_ms']:.3f}",
        ]
        for row in result.rows for one in row["searched"]
    ]  # fmt: skip
    head = ["products", "queries", "ef_search", "recall@10", "recall@100", "p50 ms", "p99 ms"]
    return block(result, table(head, rows, texts=2))


def _sizes(result: BenchmarkResult) -> str:
    rows = [
        [
            f"{row['products']:,}",
            number(row["encode_s"]), number(row["products_per_s"]), number(row["encode_memory_mb"]),
            number(row["build_s"]), number(row["vectors_per_s"]), number(row["build_memory_mb"]),
            number(row["size_bytes"] / 1e6), number(row["bytes_per_product"]),
        ]
        for row in result.rows
    ]  # fmt: skip
    head = [
        "products", "encode s", "products/s", "encode peak MB", "build s", "vectors/s", "build peak MB",
        "graph MB", "bytes/product",
    ]  # fmt: skip
    return table(head, rows)


def _asked(result: BenchmarkResult) -> str:
    sets = [one["queries"] for one in result.rows[0]["asked"]]
    rows = [
        [f"{row['products']:,}", *(f"{one['p50_ms']:.2f} / {one['p99_ms']:.2f}" for one in row["asked"])]
        for row in result.rows
    ]
    return table(["from text to 100 neighbours, p50 / p99 ms", *sets], rows)


def _growth(result: BenchmarkResult) -> str:
    grown = [one for one in result.attempts if isinstance(one["value"], dict) and "exponent" in one["value"]]
    rows = [
        [one["tried"], f"{one['value']['exponent']:.2f}", f"{one['value']['per_tenfold']:.1f}"]
        for one in grown
    ]
    return table(["grows with the products", "to the power of", "times per tenfold"], rows)


def _work(result: BenchmarkResult) -> str:
    work = next(one["value"] for one in result.attempts if one["tried"] == WORK)
    return table([WORK, "forecast"], [[name, number(value)] for name, value in work.items()])


def _space(result: BenchmarkResult) -> str:
    rows = [
        [name, *(number(one["value"][key]) for key in ("memory_gb", "disk_gb", "shards"))]
        for one in result.attempts
        if (name := space_name(one["tried"]))
    ]
    return table(["100 million vectors, by formula", "memory GB", "disk GB", "shards of 30 GB"], rows)
