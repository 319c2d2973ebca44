"""The figures of recommenders as pages show them: a table for each protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from benchmarks.harness.pages import block, goals_table, table, topics_of
from benchmarks.harness.result_file import BenchmarkResult

_COLUMNS: Final = ("R@5", "N@5", "R@10", "N@10", "R@50", "R@200", "R@2000")
_AMONG: Final = ("in 10", "in 50", "in 200")
_CODES: Final = {
    "utilisation": ("utilisation", ".2f"),
    "perplexity / size": ("perplexity", ".2f"),
    "share all codes, before": ("colliding", ".1%"),
    "after": ("colliding_after", ".1%"),
    "steps that share 1 code, times chance": ("lift_1", ".1f"),
    "2 codes": ("lift_2", ".1f"),
    "same first code by text alone": ("text_alone", ".2f"),
    "CPU seconds": ("cpu_seconds", ".0f"),
}
"""Column to the part of a row and how it is written."""

_STEPS: Final = ("history", "profile", "candidates", "documents")
"""Of an answer from an index, see ``RecommendationTimings``."""

_COLD: Final = ("R@10 warm", "R@10 cold", "R@10 among cold")


def train_only(result: BenchmarkResult) -> str:
    """The protocol of most published figures."""
    return _protocol(result, "train only")


def seen_kept(result: BenchmarkResult) -> str:
    """Items that the user had may come up."""
    return _protocol(result, "seen kept")


def refit(result: BenchmarkResult) -> str:
    """The validation's items are learned from."""
    return _protocol(result, "refit")


def cold(result: BenchmarkResult) -> str:
    """Items that are new."""
    return _protocol(result, "cold items", _COLD)


def prefixes(result: BenchmarkResult) -> str:
    """How often the prefix of what comes next is among the likeliest."""
    parts = []
    rows = [row for row in result.rows if "router" in row]
    for name, mine in _by_dataset(rows).items():
        first = mine[0]
        parts += [
            f"**{name}**, test: {first['users']:,} users, {first['prefixes']:,} prefixes of two codes;"
            f" {_seeds(mine)}.",
            table(
                ["by", *_AMONG], [[row["router"], *(_cell(row, column) for column in _AMONG)] for row in mine]
            ),
        ]
    return block(result, *(parts or ["Not measured yet."]), topics=topics_of(rows))


def codes(result: BenchmarkResult) -> str:
    """How full and how telling codes are, by the way they are made: means over seeds."""
    parts = []
    rows = [row for row in result.rows if "codes" in row]
    for name, mine in _by_dataset(rows).items():
        floor = next(row["floor"] for row in result.rows if row["dataset"] == name and "floor" in row)
        seeds = len({row["seed"] for row in mine})
        parts += [
            f"**{name}**, validation, {seeds} seeds: {floor:.1%} of the items that have a text share it.",
            table(
                ["codes", "levels", *_CODES],
                [
                    [
                        *made,
                        *(
                            _spread([row[key] for row in mine if _made(row) == made], form)
                            for key, form in _CODES.values()
                        ),
                    ]
                    for made in dict.fromkeys(map(_made, mine))
                ],
            ),
        ]
    return block(result, *(parts or ["Not measured yet."]), topics=topics_of(rows))


def preferences(result: BenchmarkResult) -> str:
    """What preferences add to a weak base and to a good one, by the way they are learned."""
    columns = ["base", "preferences", "R@10", "N@10", "gain of N@10", "pair accuracy", "bounds"]
    parts = []
    rows = [row for row in result.rows if "learned" in row]
    for name, mine in _by_dataset(rows).items():
        cells = [
            [
                row["base"],
                row["learned"],
                _cell(row, "R@10"),
                _cell(row, "N@10"),
                _gains(row.get("gain", ())),
                f"{row['pair accuracy']:.3f}" if "pair accuracy" in row else "",
                " ".join(f"{bound:g}" for bound in row.get("bounds", ())),
            ]
            for row in mine
        ]
        parts += [f"**{name}**, test; {_seeds(mine)}.", table(columns, cells)]
    return block(result, *(parts or ["Not measured yet."]), topics=topics_of(rows))


def _gains(gains: Sequence[Mapping[str, float]]) -> str:
    """The mean over seeds, and the widest interval."""
    if not gains:
        return ""
    mean = float(np.mean([gain["relative"] for gain in gains]))
    low, high = min(gain["low"] for gain in gains), max(gain["high"] for gain in gains)
    return f"{mean:+.1%} ({low:+.1%} to {high:+.1%})"


def index(result: BenchmarkResult) -> str:
    """What channels over an index cover at one budget, and how long an answer takes."""
    parts = []
    rows = [row for row in result.rows if "channel" in row or "candidates_p50_ms" in row]
    for name, mine in _by_dataset([row for row in rows if "channel" in row]).items():
        budgets = list(dict.fromkeys(row["budget"] for row in mine))
        found = {(row["channel"], row["budget"]): f"{row['coverage']:.4f}" for row in mine}
        parts += [
            f"**{name}**, {mine[0]['phase']}: {mine[0]['users']:,} users.",
            table(
                ["channel", *(f"{budget:,} candidates" for budget in budgets)],
                [
                    [channel, *(found[channel, budget] for budget in budgets)]
                    for channel in dict.fromkeys(row["channel"] for row in mine)
                ],
            ),
        ]
    for row in rows:
        if "candidates_p50_ms" in row:
            steps = ", ".join(f"{step} {row[f'{step}_p50_ms']:.1f}" for step in _STEPS)
            parts.append(
                f"A recommendation from {row['items']:,} items: p50 {row['p50_ms']:.1f} ms, p95"
                f" {row['p95_ms']:.1f} ms. Medians of the steps, ms: {steps}; the server counts"
                f" {row['server_p50_ms']:.1f} for all requests."
            )
    return block(result, *(parts or ["Not measured yet."]), topics=topics_of(rows))


def goals(result: BenchmarkResult) -> str:
    """Every goal."""
    return block(result, goals_table(result.goals))


def _protocol(result: BenchmarkResult, label: str, columns: tuple[str, ...] = _COLUMNS) -> str:
    parts = []
    rows = [row for row in result.rows if row.get("protocol") == label]
    for name, mine in _by_dataset(rows).items():
        first = mine[0]
        parts += [
            f"**{name}**, test: {first['users']:,} users, {first['items']:,} items; {first['means']}.",
            table(
                ["system", *columns],
                [_cells(row, columns) for row in mine if columns[0] in row or row["source"]],
            ),
        ]
    return block(result, *parts, topics=topics_of(rows))


def _by_dataset(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["dataset"], []).append(row)
    return found


def _cells(row: Mapping[str, Any], columns: tuple[str, ...]) -> list[str]:
    system = f"{row['system']} ({row['source']})" if row["source"] else row["system"]
    alone = ", one seed" if row.get("seeds") == 1 else ""
    return [system + alone, *(_cell(row, metric) for metric in columns)]


def _seeds(rows: Sequence[Mapping[str, Any]]) -> str:
    """Of what is trained; the rest needs none."""
    most = max(row["seeds"] for row in rows)
    return "one seed" if most == 1 else f"{most} seeds"


def _made(row: Mapping[str, Any]) -> tuple[str, str]:
    """A way to make codes, whatever the seed."""
    return row["codes"], " x ".join(map(str, row["sizes"]))


def _spread(values: Sequence[Any], form: str) -> str:
    """Mean and standard deviation over seeds, of each level where there are several."""
    if None in values:
        return ""
    array = np.array(values, dtype=np.float64)
    if array.ndim == 2:
        return " ".join(f"{mean:{form}}" for mean in array.mean(axis=0))
    return f"{array.mean():{form}} ± {array.std(ddof=1) if len(array) > 1 else 0:{form}}"


def _cell(row: Mapping[str, Any], metric: str) -> str:
    """The mean, and over how much it spreads from seed to seed where there are several."""
    if metric not in row:
        return ""
    spread = row.get(f"{metric} sd")
    return f"{row[metric]:.4f}" if spread is None else f"{row[metric]:.4f} ± {spread:.4f}"
