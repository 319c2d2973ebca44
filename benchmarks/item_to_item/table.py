"""The figures of item-to-item as its page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmarks.harness.pages import block, goals_table, table, topics_of
from benchmarks.harness.result_file import BenchmarkResult
from benchmarks.item_to_item.pareto import RECALL, over_seeds

Row = Mapping[str, Any]

_COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "R@10": ("R@10", ".4f"),
    "R@50": ("R@50", ".4f"),
    "R@500": ("R@500", ".4f"),
    "N@10": ("N@10", ".4f"),
    "relevance@50": ("relevance@50", ".3f"),
    "same kind": ("same kind@50", ".1%"),
    "coverage": ("coverage@50", ".2f"),
    "log popularity": ("log popularity@50", ".2f"),
    "novelty": ("novelty@50", ".1f"),
}
"""Column to the metric and how it is written."""
_SHOWN_EPOCHS: Final = (1, 4, 8, 16, 40)
"""Of the distances; the picture has all."""
_NEW: Final[Mapping[str, tuple[str, str]]] = {
    "R@10": ("R@10", ".4f"),
    "R@50": ("R@50", ".4f"),
    "R@500": ("R@500", ".4f"),
    "new trigger, R@50": ("R@50 new trigger", ".4f"),
    "new target, R@50": ("R@50 new target", ".4f"),
}


def systems(result: BenchmarkResult) -> str:
    """Systems without training and those of libraries, on known items."""
    rows = [*_of(result, "systems"), *_of(result, "libraries")]
    return block(result, *_about(rows), _systems(rows, _COLUMNS), *_notes(rows), topics=topics_of(rows))


def new_items(result: BenchmarkResult) -> str:
    """Systems without training, where new items are asked too."""
    rows = _of(result, "systems with new items")
    return block(result, *_about(rows), _systems(rows, _NEW), topics=topics_of(rows))


def heads(result: BenchmarkResult) -> str:
    """Two heads, each alone and merged, beside the weighted sum."""
    topics = ("heads", "single task", "one head")
    rows = over_seeds([row for topic in topics for row in _of(result, topic)])
    spread = {"sd of R@50": (f"{RECALL} sd", ".4f")}
    return block(result, _systems(rows, {**_COLUMNS, **spread}), topics=topics)


def hidden(result: BenchmarkResult) -> str:
    """Two heads where 5 % of the items are hidden."""
    return _of_topic(result, "new items", _NEW)


def relevance_weights(result: BenchmarkResult) -> str:
    """Two heads by how much the content encoder counts."""
    usual = over_seeds([row for row in _of(result, "heads") if "relevance_weight" in row])
    rows = sorted([*_of(result, "relevance weights"), *usual], key=lambda row: float(row["relevance_weight"]))
    apart = {"w_r": ("relevance_weight", "g"), "CKA": ("cka", ".2f"), "overlap": ("overlap", ".2f")}
    return block(result, _systems(rows, {**apart, **_COLUMNS}), topics=["heads", "relevance weights"])


def published(result: BenchmarkResult) -> str:
    """Two heads with the settings of the paper."""
    return _of_topic(result, "published settings", {"settings": ("settings", "s"), **_COLUMNS})


def mixes(result: BenchmarkResult) -> str:
    """Other ways to merge, at 98 % of the recall."""
    chosen = {"alpha, or weight": ("parameter", "g"), "recall kept, validation": ("validation", ".1%")}
    chosen |= {"recall kept": ("kept", ".1%"), "relevance, times": ("gain", ".2f")}
    columns = {column: _COLUMNS[column] for column in ("R@10", "R@50", "relevance@50", "coverage")}
    return _of_topic(result, "mixes", {**chosen, **columns})


def new_triggers(result: BenchmarkResult) -> str:
    """What is added for triggers that no basket had."""
    columns = {"weights chosen": ("settings", "s"), "validation": ("validation", ".4f")}
    return _of_topic(result, "new triggers", {**columns, "R@50 new trigger": ("R@50 new trigger", ".4f")})


def divergence(result: BenchmarkResult) -> str:
    """How alike heads are after some epochs."""
    alike = {"CKA": ("cka", ".2f"), "overlap@50": ("overlap", ".2f"), "alarm": ("collapsed", ".0f")}
    return _of_topic(result, "divergence", {"epoch": ("epoch", "d"), **alike})


def distances(result: BenchmarkResult) -> str:
    """How far vectors are from those of the last epoch."""
    rows = [row for row in _of(result, "distances") if row["epoch"] in _SHOWN_EPOCHS]
    known = ("topic", "dataset", "seed", "system", "epoch", "of")
    groups = {name: (name, ".2f") for row in rows[:1] for name in row if name not in known}
    columns = {"vectors of": ("of", "s"), "epoch": ("epoch", "d"), **groups}
    return block(result, _systems(rows, columns), topics=["distances"])


def history(result: BenchmarkResult) -> str:
    """Recall by how many baskets had the trigger."""
    rows = _of(result, "history")
    groups = dict.fromkeys(name for row in rows for name in row if name not in ("topic", "dataset", "system"))
    return _of_topic(result, "history", {group: (group, ".4f") for group in groups})


def teachers(result: BenchmarkResult) -> str:
    """Heads by the encoder that they read titles with, by two judges."""
    judges = {f"by {judge}": (judge, ".3f") for judge in ("MiniLM", "WordLlama")}
    recall = {metric: (metric, ".4f") for metric in ("R@10", "R@50")}
    return _of_topic(result, "teachers", {"reads": ("teacher", "s"), **recall, **judges})


def domains(result: BenchmarkResult) -> str:
    """The curve of alpha by domain."""
    return _of_topic(result, "domains", {"domain": ("dataset", "s"), **_COLUMNS})


def last_item(result: BenchmarkResult) -> str:
    """Beauty, a user's last item as the trigger."""
    metrics = {metric: (metric, ".4f") for metric in ("R@10", "N@10")}
    return _of_topic(result, "last item", {"weights chosen": ("settings", "s"), **metrics})


def additions(result: BenchmarkResult) -> str:
    """What it takes to add a day."""
    cells = [
        [f"{row['added']:,}", f"{row['lines']:,}", f"{row['seconds']:.2f}", f"{row['cpu_seconds']:.2f}"]
        for row in _of(result, "additions")
    ]
    head = ["orders added", "their lines", "seconds", "seconds of CPU"]
    return block(result, table(head, cells), topics=["additions"])


def index(result: BenchmarkResult) -> str:
    """How long an answer from an index takes."""
    times = {
        f"{part} ms": (f"{part}_p50_ms", ".1f") for part in ("trigger", "candidates", "documents", "server")
    }
    return _of_topic(result, "index", {"p50 ms": ("p50_ms", ".1f"), "p95 ms": ("p95_ms", ".1f"), **times})


def goals(result: BenchmarkResult) -> str:
    """Every goal."""
    return block(result, goals_table(result.goals))


def _of_topic(result: BenchmarkResult, topic: str, columns: Mapping[str, tuple[str, str]]) -> str:
    rows = _of(result, topic)
    return block(result, _systems(rows, columns), topics=[topic])


def _of(result: BenchmarkResult, topic: str) -> list[Row]:
    return [row for row in result.rows if row["topic"] == topic]


def _about(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    first = rows[0]
    return [
        f"**{first['dataset']}**: {first['baskets']:,} baskets, {first['items']:,} items; {first['means']}."
    ]


def _systems(rows: Sequence[Row], columns: Mapping[str, tuple[str, str]]) -> str:
    if not rows:
        return "Not measured yet."
    cells = [[row["system"], *(_cell(row, *how) for how in columns.values())] for row in rows]
    return table(["system", *columns], cells)


def _notes(rows: Sequence[Row]) -> list[str]:
    found = "\n".join(f"- {row['system']}: {row['note']}" for row in rows if row["note"])
    return [found] if found else []


def _cell(row: Row, metric: str, form: str) -> str:
    return f"{row[metric]:{form}}" if metric in row else ""
