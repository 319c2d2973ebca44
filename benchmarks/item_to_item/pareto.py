"""Recall against relevance: how far points stand above a curve, and both as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle._environment import optional
from aisle._files import whole_file
from benchmarks.harness.result_file import ROOT, BenchmarkResult

Row = Mapping[str, Any]

RELEVANCE: Final = "relevance@50"
RECALL: Final = "R@50"
PICTURE: Final = ROOT / "docs" / "images" / "item-to-item.png"
EPOCHS_PICTURE: Final = ROOT / "docs" / "images" / "item-to-item-epochs.png"
CURVES: Final[Mapping[str, str]] = {
    "weighted sum, ": "weighted sum of counts and text",
    "weighted sum of 1/size counts, ": "the same, counts by 1 / size",
    "merged, alpha ": "two heads, by quota",
}
"""Beginning of a system's name to what the curve is called; the rest of the name is said at its points."""


def over_seeds(rows: Sequence[Row]) -> list[Row]:
    """A row for each system: means of its numbers, and of recall the standard deviation as ``R@50 sd``."""
    found: list[Row] = []
    for of in _by(rows, "system").values():
        numbers = {name for name, value in of[0].items() if isinstance(value, int | float)}
        means = {name: float(np.mean([row[name] for row in of])) for name in numbers}
        spread = {f"{RECALL} sd": float(np.std([row[RECALL] for row in of], ddof=1))} if len(of) > 1 else {}
        found.append({**of[0], **means, **spread})
    return found


def rows_of(result: BenchmarkResult, prefix: str) -> list[Row]:
    """Rows of the heads' topic whose system begins so, means over seeds."""
    heads = over_seeds([row for row in result.rows if row["topic"] == "heads"])
    return [row for row in heads if row["system"].startswith(prefix)]


def gains(curve: Sequence[Row], points: Sequence[Row], recall: str = RECALL) -> NDArray[np.float64]:
    """Recall of points against that of a curve at equal relevance, less 1: float64 [points].

    Between its points the curve is straight. At a relevance below its least it has its best recall, since
    nobody would go there by choice; beyond its greatest relevance it has nothing, and a point there stands
    against its last one.

    Args:
        curve: rows of the rival, in any order.
        points: rows to compare.
        recall: metric.
    """
    ordered = sorted(curve, key=lambda row: row[RELEVANCE])
    at = np.array([row[RELEVANCE] for row in ordered])
    # What is dominated by a point of more relevance is not the curve's best.
    best = np.maximum.accumulate(np.array([row[recall] for row in ordered])[::-1])[::-1]
    rival = np.interp([row[RELEVANCE] for row in points], at, best)
    return np.asarray([row[recall] for row in points] / rival - 1)


def draw(result: BenchmarkResult) -> None:
    """Draw the curves into the docs, once heads are measured; needs the extra ``train``.

    Raises:
        InputError: the picture cannot be written.
    """
    if not rows_of(result, ""):
        return
    figure = optional("matplotlib.figure", extra="train").Figure(
        figsize=(7, 4), dpi=110, layout="constrained"
    )
    axes = figure.subplots()
    for prefix, label in CURVES.items():
        rows = sorted(rows_of(result, prefix), key=lambda row: row[RELEVANCE])
        axes.plot([row[RELEVANCE] for row in rows], [row[RECALL] for row in rows], marker="o", label=label)
        for row in rows:
            place = row[RELEVANCE], row[RECALL]
            axes.annotate(
                row["system"].removeprefix(prefix),
                place,
                fontsize=7,
                textcoords="offset points",
                xytext=(3, 4),
            )
    for name in ("engagement head", "relevance head"):
        for row in rows_of(result, name):
            if row["system"] == name:
                axes.plot(row[RELEVANCE], row[RECALL], marker="s", linestyle="", label=name)
    axes.set_xlabel("relevance@50: mean cosine with the trigger, by the judge's encoder")
    axes.set_ylabel("recall@50")
    axes.grid(alpha=0.3)
    axes.legend()
    with whole_file(PICTURE) as file:
        figure.savefig(file, format="png", metadata={"Software": None})


def draw_epochs(result: BenchmarkResult) -> None:
    """Draw how alike heads are, and how far items are from their end; once both are measured.

    Raises:
        InputError: the picture cannot be written.
    """
    by_topic = {
        topic: [row for row in result.rows if row["topic"] == topic] for topic in ("divergence", "distances")
    }
    if not all(by_topic.values()):
        return
    figure = optional("matplotlib.figure", extra="train").Figure(
        figsize=(9, 4), dpi=110, layout="constrained"
    )
    alike, apart = figure.subplots(1, 2)
    styles = {"cka": "-", "overlap": "--"}
    for number, (system, rows) in enumerate(_by(by_topic["divergence"], "system").items()):
        for measure, style in styles.items():
            label = f"{system}: {measure}"
            values = [row[measure] for row in rows]
            alike.plot([row["epoch"] for row in rows], values, style, color=f"C{number}", label=label)
    alike.set_ylabel("CKA of vectors, overlap of the first 50")
    engagement = [row for row in by_topic["distances"] if row["of"] == "engagement"]
    for style, (system, rows) in zip("-:", _by(engagement, "system").items(), strict=False):
        groups = [name for name in ("none", "1-9", "10-99", "100 and more") if name in rows[0]]
        for number, group in enumerate(groups):
            label = f"{system}: {group} baskets"
            values = [row[group] for row in rows]
            apart.plot([row["epoch"] for row in rows], values, style, color=f"C{number}", label=label)
    apart.set_ylabel("engagement vectors: 1 - cosine with the last epoch")
    for axes in (alike, apart):
        axes.set_xlabel("epochs")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=7)
    with whole_file(EPOCHS_PICTURE) as file:
        figure.savefig(file, format="png", metadata={"Software": None})


def _by(rows: Sequence[Row], name: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row)
    return found
