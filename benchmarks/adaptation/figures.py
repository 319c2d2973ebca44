"""The figures of adaptation as its page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from benchmarks.harness.pages import block, goals_table, table, unmeasured
from benchmarks.harness.result_file import BenchmarkResult

_TRANSFER: Final = "transfer "
_TARGETS: Final = ("beauty", "sports", "scientific", "online_retail", "steam")
_COLUMNS: Final = ("R@10", "N@10", "R@50")


def goals(result: BenchmarkResult) -> str:
    """Everything that was asked for."""
    return block(result, goals_table(result.goals))


def transfer(result: BenchmarkResult) -> str:
    """Every system in every target, and what tables alone have more than others."""
    topics = dict.fromkeys(row["topic"] for row in result.rows if row["topic"].startswith(_TRANSFER))
    parts = [part for topic in topics for part in _target(result, topic)]
    missing = unmeasured(result, "benchmarks.adaptation", [f"{_TRANSFER}{name}" for name in _TARGETS])
    return block(result, *filter(None, [*parts, missing]), topics=topics)


def _target(result: BenchmarkResult, topic: str) -> tuple[str, ...]:
    rows = [row for row in result.rows if row["topic"] == topic]
    systems = [row for row in rows if "system" in row]
    kept = {row["system"]: row for row in systems if row["protocol"] == "seen kept"}
    plain = [row for row in systems if row["protocol"] == "train only"]
    (spent,) = (row["pretraining_cpu_seconds"] for row in rows if "pretraining_cpu_seconds" in row)
    # Some ways, such as counts, take no seed.
    seeds, most = max(row["seeds"] for row in plain), plain[0]["most_steps"]
    about = (
        f"**{plain[0]['dataset']}**{f', users drawn with {most:,} steps in all' if most else ''}:"
        f" {plain[0]['users']:,} users, {plain[0]['items']:,} items, {plain[0]['steps']:,} steps;"
        f" sources {plain[0]['sources'].replace('+', ', ')}; {seeds} {'seed' if seeds == 1 else 'seeds'};"
        f" {plain[0]['rare_users']:,} users took a rare item. Pre-training takes"
        f" {sum(spent) / len(spent):.0f} seconds of CPU a seed."
    )
    head = [
        *("system", *_COLUMNS, "sd of R@10", "R@10 of rare items"),
        *("R@10 / N@10, seen kept", "epochs", "CPU seconds"),
    ]
    return about, table(head, [_system(row, kept[row["system"]]) for row in plain]), _differences(rows)


def _system(row: Mapping[str, Any], kept: Mapping[str, Any]) -> list[str]:
    epochs = row["epochs"]
    return [
        row["system"],
        *(f"{row[name]:.4f}" for name in _COLUMNS),
        f"{row['R@10 sd']:.4f}" if row["seeds"] > 1 else "",
        f"{row['R@10 rare']:.4f}",
        f"{kept['R@10']:.4f} / {kept['N@10']:.4f}",
        ", ".join(map(str, epochs)) if any(epochs) else "",
        f"{sum(row['cpu_seconds']) / len(epochs):.0f}",
    ]


def _differences(rows: list[Mapping[str, Any]]) -> str:
    return table(
        ["tables alone, less", "R@10", "95 % of draws of users", "share"],
        [
            [
                row["less"],
                f"{row['R@10']:+.4f}",
                f"{row['low']:+.4f} to {row['high']:+.4f}",
                f"{row['share']:+.1%}",
            ]
            for row in rows
            if "less" in row
        ],
    )
