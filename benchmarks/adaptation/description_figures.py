"""Tables of descriptions and of the limits of embeddings for docs/benchmarks/adaptation.md. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmarks.harness.pages import block, table, unmeasured
from benchmarks.harness.result_file import BenchmarkResult

_TOPICS: Final = ("description icecat", "description homedepot")
_COMMAND: Final = "command icecat"
_LIMITS: Final = "limits"
_DEEP, _MAIN = "64/R@200", "nDCG@10"

Row = Mapping[str, Any]


def descriptions(result: BenchmarkResult) -> str:
    """Every way to come by pairs, at home and outside; what it wins as a share of what judgments win."""
    parts = [_ways([row for row in result.rows if row["topic"] == topic]) for topic in _TOPICS]
    tried = [
        [attempt["tried"], attempt["value"]] for attempt in result.attempts if attempt["topic"] in _TOPICS[:1]
    ]
    missing = unmeasured(result, "benchmarks.adaptation", _TOPICS)
    tables = [*parts, table(["tried", "figure"], tried, texts=2) if tried else "", missing]
    return block(result, *filter(None, tables), topics=_TOPICS)


def _ways(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    base = float(rows[0][_DEEP])
    best = max((float(row[_DEEP]) for row in rows if row["system"].startswith("supervised")), default=base)
    head = [
        rows[0]["dataset"],
        "64: R@200",
        "sd",
        "share of the supervised gain",
        f"64: {_MAIN}",
        f"384: {_MAIN}",
        f"outside, 384: {_MAIN}",
        "queries kept",
    ]
    return table(head, [_cells(row, base, best) for row in rows])


def _cells(row: Row, base: float, best: float) -> list[str]:
    share = (float(row[_DEEP]) - base) / (best - base) if best > base else 0.0
    spread = row.get("64/R@200 sd", 0.0)
    kept = f"{row['kept'] / row['made']:.0%}" if "made" in row else ""
    return [
        row["system"],
        f"{row[_DEEP]:.4f}",
        f"{spread:.4f}" if spread else "",
        f"{share:.0%}",
        _shown(row, f"64/{_MAIN}"),
        _shown(row, f"384/{_MAIN}"),
        _shown(row, f"outside/384/{_MAIN}"),
        kept,
    ]


def _shown(row: Row, name: str) -> str:
    return f"{row[name]:.4f}" if name in row else ""


def command(result: BenchmarkResult) -> str:
    """What the command takes by default and with a head alone, and what its artifact finds."""
    rows = [row for row in result.rows if row["topic"] == _COMMAND]
    if missing := unmeasured(result, "benchmarks.adaptation", [_COMMAND]):
        return block(result, missing)
    metrics = ("64/R@10", "64/R@200", "64/nDCG@10", "384/R@200", "384/nDCG@10")
    head = [f"{rows[0]['dataset']}, {rows[0]['items']:,} items", *(m.replace("/", ": ") for m in metrics)]
    return block(
        result,
        table(
            [*head, "queries kept", "pairs", "CPU minutes"],
            [
                [
                    row["command"],
                    *(f"{row[metric]:.4f}" for metric in metrics),
                    *(f"{row[count]:,}" if count in row else "" for count in ("kept", "pairs")),
                    f"{row['cpu_s'] / 60:.1f}" if "cpu_s" in row else "",
                ]
                for row in rows
            ],
        ),
        table(
            ["tried", "figure"],
            [[one["tried"], one["value"]] for one in result.attempts if one["topic"] == _COMMAND],
            texts=2,
        ),
        topics=[_COMMAND],
    )


def limits(result: BenchmarkResult) -> str:
    """Free vectors, and a shelf of products that list words."""
    rows = [row for row in result.rows if row["topic"] == _LIMITS]
    free = [
        [str(row["free"]), f"{row['most_items']:,}", f"{row['published_fit']:.0f}"]
        for row in rows
        if "free" in row
    ]
    usual = [
        [str(row["width"]), "", f"{row['published_fit']:,}"]
        for row in rows
        if "published_fit" in row and "free" not in row
    ]
    legs = [
        [row["leg"], str(row["width"] or ""), *(f"{row[f'R@{depth}']:.4f}" for depth in (2, 10, 100))]
        for row in rows
        if "leg" in row
    ]
    if missing := unmeasured(result, "benchmarks.adaptation", [_LIMITS]):
        return block(result, missing)
    return block(
        result,
        table(["dimensions", "most items, free vectors", "the paper's fit"], [*free, *usual]),
        table(["leg", "dimensions", "R@2", "R@10", "R@100"], legs),
        topics=[_LIMITS],
    )
