"""Readings → rows, attempts, goals and the page's table of the catalogues benchmark. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmarks.catalogues.files import CSV
from benchmarks.catalogues.reading import DICT_READER, ITEMS, ROWS, Reading
from benchmarks.harness.pages import block, goals_table, number, table
from benchmarks.harness.result_file import LOWER, BenchmarkResult, Goal

Key = tuple[str, str]
"""A format, and the way that a file of it is read."""
Rounds = Sequence[Mapping[Key, Reading]]
Sizes = Mapping[Key, Mapping[int, Reading]]
"""Readings of small and large files."""

SLOWEST: Final = 3.0
GROWTH_MB: Final = 10.0
# What ids that were seen take, in a flat table: 22 bytes an id at most, and half of that while it grows.
ID_BYTES: Final = 33


def catalogue_rows(rounds: Rounds, sizes: Sizes) -> list[dict[str, Any]]:
    """One row for each format and way: the median speed of the rounds, every round, the highest peak."""
    timed = [
        {
            "format": kind,
            "way": way,
            "count": rounds[0][kind, way].count,
            "per_s": round(statistics.median(one[kind, way].per_s for one in rounds)),
            "rounds": [round(one[kind, way].per_s) for one in rounds],
            "above_mb": round(max(one[kind, way].above_mb for one in rounds), 1),
        }
        for kind, way in rounds[0]
    ]
    sized = [
        {
            "format": kind,
            "way": way,
            "count": reading.count,
            "per_s": round(reading.per_s),
            "rounds": [round(reading.per_s)],
            "above_mb": round(reading.above_mb, 1),
        }
        for (kind, way), by_size in sizes.items()
        for reading in by_size.values()
    ]
    return timed + sized


def catalogue_goals(rounds: Rounds, sizes: Sizes) -> list[Goal]:
    """A ratio is the median of the rounds' own ratios, which a slow hour cannot bend."""
    ratio = Goal(f"seconds of {CSV} / seconds of {DICT_READER}", _ratio(rounds, ROWS), SLOWEST, LOWER)
    return [ratio, *(_growth(key, by_size) for key, by_size in sizes.items())]


def catalogue_attempts(rounds: Rounds) -> list[dict[str, Any]]:
    """What the goals leave out."""
    return [
        {
            "tried": f"{CSV} to whole items: seconds / seconds of {DICT_READER}",
            "value": round(_ratio(rounds, ITEMS), 3),
        },
        {
            "tried": "memory of the process before it reads, MB",
            "value": round(max(reading.baseline_mb for one in rounds for reading in one.values()), 1),
        },
    ]


def catalogues(result: BenchmarkResult) -> str:
    """Speed and memory by format, for the page."""
    rows = [
        [row["format"], row["way"], f"{row['count']:,}", f"{row['per_s']:,}", number(row["above_mb"])]
        for row in result.rows
    ]
    head = ["format", "read as", "rows", "a second", "memory above the process, MB"]
    return block(result, table(head, rows, texts=2), goals_table(result.goals))


def _ratio(rounds: Rounds, way: str) -> float:
    return statistics.median(one[CSV, DICT_READER].per_s / one[CSV, way].per_s for one in rounds)


def _growth(key: Key, by_size: Mapping[int, Reading]) -> Goal:
    kind, way = key
    small, large = min(by_size), max(by_size)
    grown = by_size[large].above_mb - by_size[small].above_mb
    allowed = GROWTH_MB
    name = f"{kind} as {way}: memory at {large:,} rows above that at {small:,}, MB"
    if way == ITEMS:
        ids = ID_BYTES * large / 1e6
        return Goal(f"{name}, with ids seen", round(grown, 1), round(allowed + ids, 1), LOWER)
    return Goal(name, round(grown, 1), allowed, LOWER)
