"""What was measured → rows, attempts, goals, and the tables of pages. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from benchmarks.copies.measure import AS_THEY_ARE, MOVED, Found, Quality
from benchmarks.harness.pages import block, goals_table, table
from benchmarks.harness.result_file import HIGHER, LOWER, BenchmarkResult, Goal

# As `aisle check vectors` has it, and less than two builds of a graph differ by.
_LOST: Final = 0.01
_KEPT: Final = 0.999
_RECALL: Final = 0.95


def rows(found: Sequence[Found], quality: Sequence[Quality]) -> list[dict[str, Any]]:
    """Releases first, then exact search."""
    return [
        *({"measured": "release", **asdict(one)} for one in found),
        *({"measured": "exact search", **asdict(one)} for one in quality),
    ]


def attempts(found: Sequence[Found]) -> list[dict[str, Any]]:
    """The most that each way lost."""
    ways = dict.fromkeys(one.way for one in found)
    return [
        {"tried": f"copies of a vector: {way}, most others lost", "value": most_lost(found, way)}
        for way in ways
    ]


def most_lost(found: Sequence[Found], way: str) -> float:
    """Share of the products that their own vectors do not find, in the worst release of a way."""
    return max(one.lost / one.asked for one in found if one.way == way)


def goals(found: Sequence[Found], quality: Sequence[Quality]) -> list[Goal]:
    """Of what Aisle does."""
    ours = [one for one in found if one.way == MOVED.name]
    scores = {(one.way, one.dims): one.ndcg_10 for one in quality}
    kept = [
        scores[MOVED.name, dims] / scores[AS_THEY_ARE.name, dims] for dims in {one.dims for one in quality}
    ]
    return [
        Goal("others that copies hide, most, share", most_lost(found, MOVED.name), _LOST, LOWER),
        Goal("recall@100 beside copies, least", min(one.recall_100 for one in ours), _RECALL, HIGHER),
        Goal("homedepot dev, exact search: nDCG@10 moved / unmoved, least", min(kept), _KEPT, HIGHER),
    ]


def copies(result: BenchmarkResult) -> str:
    """Each way, from what is lost to what it costs."""
    releases = [row for row in result.rows if row["measured"] == "release"]
    keys = ("way", "kept_as", "dims", "copies")
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for row in releases:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    shown = [
        [
            *map(str, group[:2]),
            *(f"{value:,}" for value in group[2:]),
            " / ".join(f"{row['lost']:,}" for row in some),
            *(f"{min(row[key] for row in some):.3f}" for key in ("recall_10", "recall_100")),
            f"{max(row['store_bytes'] for row in some) / 1e6:.2f}",
        ]
        for group, some in groups.items()
    ]
    orders = " / ".join(dict.fromkeys(row["order"] for row in releases))
    asked = releases[0]["asked"]
    head = ["vectors", "kept as", "dims", "copies", f"lost of {asked:,}, {orders}", "recall@10", "@100", "MB"]
    return block(result, table(head, shown, texts=2), goals_table(result.goals))


def copies_quality(result: BenchmarkResult) -> str:
    """Exact search with vectors that are moved by more and more."""
    shown = [
        [
            row["way"],
            f"{row['dims']:,}",
            *(f"{row[key]:.4f}" for key in ("ndcg_10", "recall_200", "overlap_100")),
        ]
        for row in result.rows
        if row["measured"] == "exact search"
    ]
    head = ["vectors", "dims", "nDCG@10", "R@200", "same of the 100 nearest"]
    return block(result, table(head, shown))
