"""What each lever of adaptation gives, in one short table each, and what tables of IDs cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from benchmarks.harness.pages import block, table, topics_of
from benchmarks.harness.result_file import BenchmarkResult

Row = Mapping[str, Any]
SYSTEMS: Final[Mapping[str, str]] = {
    "counts + text": "counts + text, no training",
    "IDs": "SASRec of IDs",
    "tables alone": "code tables, pre-trained, tables alone tuned",
    "everything": "code tables, pre-trained, everything tuned",
    "tables, random reader": "code tables, frozen random encoder, tables alone trained",
    "from scratch": "code tables, from scratch",
}
WAYS: Final = (
    "base",
    "principal axes",
    "title n-grams",
    "description + catalogue",
    "description alone",
)
_SUPERVISED: Final = "supervised"
_DEEP: Final = "64/R@200"
_OWN, _MODULO, _TOP = "ID table, 2 sightings", "modulo", "top N + one shared row"


def answer(result: BenchmarkResult) -> str:
    """Whatever was measured of the three levers."""
    return block(result, *_levers(result))


def _levers(result: BenchmarkResult) -> Iterator[str]:
    by_topic: dict[str, list[Row]] = {}
    for row in result.rows:
        by_topic.setdefault(row["topic"], []).append(row)
    targets = [_target(rows) for topic, rows in by_topic.items() if topic.startswith("transfer ")]
    if targets:
        yield table(["R@10 in the target", *SYSTEMS], targets)
    described = [_described(rows) for topic, rows in by_topic.items() if topic.startswith("description ")]
    if described:
        yield table(["R@200 at 64 dimensions", *WAYS, _SUPERVISED], described)
    if rows := [row for row in by_topic.get("tables", ()) if "table" in row]:
        yield table(["rows an id: R@10", *(f"{ratio:g}" for ratio in _ratios(rows))], list(_by_ratio(rows)))


def _target(rows: Sequence[Row]) -> list[str]:
    found = {row["system"]: row["R@10"] for row in rows if row.get("protocol") == "train only"}
    return [rows[0]["dataset"], *(f"{found[name]:.4f}" for name in SYSTEMS.values())]


def _described(rows: Sequence[Row]) -> list[str]:
    found = {row["system"]: row[_DEEP] for row in rows}
    best = max(value for name, value in found.items() if name.startswith(_SUPERVISED))
    return [rows[0]["dataset"], *(f"{found[name]:.4f}" for name in WAYS), f"{best:.4f}"]


def _ratios(rows: Sequence[Row]) -> list[float]:
    return sorted({row["ratio"] for row in rows if row["table"] == _OWN})


def _by_ratio(rows: Sequence[Row]) -> Iterator[list[str]]:
    found = {(row["table"], row["ratio"]): row for row in rows}
    for name in (_OWN, _MODULO, _TOP):
        yield [name, *(_spread(found[name, ratio], "R@10") for ratio in _ratios(rows))]


def _spread(row: Row, name: str) -> str:
    return f"{row[name]:.4f} ± {row[f'{name} sd']:.4f}"


def tables(result: BenchmarkResult) -> str:
    """Tables for fixed ids: who shares rows, and what it costs; and for ids that keep arriving."""
    topics = dict.fromkeys(row["topic"] for row in result.rows if row["topic"].startswith("tables"))
    parts = [_fixed([row for row in result.rows if row["topic"] == topic]) for topic in topics]
    arriving = [row for row in result.rows if row["topic"] == "arriving ids"]
    if arriving:
        parts.append(_arriving(arriving))
    return block(result, *parts, topics=[*topics, *topics_of(arriving)])


def _fixed(rows: Sequence[Row]) -> str:
    head = [
        f"{rows[0]['dataset']}, {rows[0]['items']}",
        *("rows an id", "R@10", "less one row an id", "of the most seen tenth", "of the rest"),
        *("ids that collide, most seen tenth", "all"),
    ]
    return table(head, [_table(row) for row in rows if "table" in row])


def _table(row: Row) -> list[str]:
    shared = row["collisions"]
    return [
        row["table"],
        f"{row['ratio']:g}",
        _spread(row, "R@10"),
        _spread(row, "R@10 less full") if "R@10 less full" in row else "",
        f"{row['R@10 top decile']:.4f}",
        f"{row['R@10 rest']:.4f}",
        f"{shared[0]:.1%}",
        f"{sum(shared) / len(shared):.1%}",
    ]


def _arriving(rows: Sequence[Row]) -> str:
    return table(
        [f"{rows[0]['dataset']}, {rows[0]['weeks']} weeks", "rows an id", "sightings with a row of their own",
         "in the last weeks", "rows handed on"],
        [
            [row["table"], f"{row['ratio']:g}", f"{row['own row']:.3f}", f"{row['own row, last weeks']:.3f}",
             f"{row['handed on']:,}"]
            for row in rows
        ],
    )  # fmt: skip
