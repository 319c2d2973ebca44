"""The encoder benchmarks' tables for docs/benchmarks/encoders.md. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.encoder.run import BASE, FULL, SERVED, WIDTHS
from benchmarks.harness.pages import block, goals_table, number, table
from benchmarks.harness.result_file import BenchmarkResult

Row = Mapping[str, Any]
_MAIN, _DEEP = "nDCG@10", "R@200"
_REVIEW = ("R@10", "R@200")


def ladder(result: BenchmarkResult) -> str:
    """Every rung on every task, the goals, and what was tried."""
    rungs = [row for row in result.rows if "rung" in row]
    tasks = list(dict.fromkeys(key.split("/")[0] for key in rungs[0] if "/" in key))
    metrics = (_MAIN, "nDCG@20", _DEEP) if len(tasks) == 1 else _REVIEW
    columns = [f"{task}/{width}/{metric}" for task in tasks for width in WIDTHS for metric in metrics]
    head = [
        "rung",
        "seconds",
        *(column.removeprefix(f"{tasks[0]}/") if len(tasks) == 1 else column for column in columns),
    ]
    cells = [
        [row["rung"], str(row.get("seconds", "")), *(f"{row[column]:.4f}" for column in columns)]
        for row in rungs
    ]
    tried = [[one["trial"], one["figure"], one["kept"]] for one in result.attempts]
    parts = [
        table(head, cells),
        goals_table(result.goals),
        table(["tried", "figure", "kept"], tried, texts=3),
    ]
    return block(result, *parts)


def summary(result: BenchmarkResult) -> str:
    """The base and the served artifact, and the goals."""
    shown = {BASE: "base, untrained", SERVED: "trained, as served"}
    rungs = [row for row in result.rows if row.get("rung") in shown]
    columns = [key for key in rungs[0] if "/" in key and key.endswith((_MAIN, _DEEP))]
    cells = [[shown[row["rung"]], *(f"{row[column]:.4f}" for column in columns)] for row in rungs]
    return block(result, table(["encoder", *columns], cells), goals_table(result.goals))


def widths(result: BenchmarkResult) -> str:
    """The served artifact at each width: the model's loss, and the graph's."""
    rows = [row for row in result.rows if "width" in row]
    full = next(row for row in rows if row["width"] == FULL)["exact"]
    cells = []
    for row in rows:
        exact, (graph,) = row["exact"], row["graphs"]
        cells.append(
            [
                str(row["width"]),
                f"{exact[_MAIN]:.4f}",
                f"{exact[_DEEP]:.4f}",
                f"{exact[_DEEP] / full[_DEEP]:.3f}",
                f"{graph['change'][_MAIN]:+.4f}",
                f"{graph['change'][_DEEP]:+.4f}",
                f"{graph['overlap']:.4f}",
            ]
        )
    head = ["dimensions", _MAIN, _DEEP, f"{_DEEP} kept", f"HNSW {_MAIN}", f"HNSW {_DEEP}", "overlap@200"]
    return block(result, table(head, cells))


def costs(result: BenchmarkResult) -> str:
    """Size and speed beside the same weights in fp32, in one run."""
    rows = [row for row in result.rows if "cost" in row]
    own = rows[0]
    cells = [
        [
            row["name"],
            number(row["model_bytes"] / 1e6),
            f"{row['p50_ms']:.2f}",
            number(row["texts_per_s"]),
            f"{own['texts_per_s'] / row['texts_per_s']:.2f}",
        ]
        for row in rows
    ]
    return block(result, table(["runtime", "MB", "query p50 ms", "texts/s", "INT8 is faster by"], cells))


def changes(result: BenchmarkResult) -> str:
    """Against the base, at home and elsewhere."""
    cells = []
    for row in result.rows:
        if "change" not in row:
            continue
        for one in row["comparisons"]:
            metric = one["metric"]
            cells.append(
                [
                    row["dataset"] + (" (outside)" if row["outside"] else ""),
                    metric,
                    f"{row['base'][metric]:.4f}",
                    f"{row['model'][metric]:.4f}",
                    f"{one['delta']:+.4f}",
                    f"{one['p']:.4f}",
                ]
            )
    return block(result, table(["data", "metric", "base", "adapted", "difference", "p"], cells, texts=2))
