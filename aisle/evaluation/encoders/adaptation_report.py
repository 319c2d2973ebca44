"""What is said of an adaptation: records, their limits, and the page for people. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from aisle._files import whole_file
from aisle.errors import InputError
from aisle.evaluation.encoders.quality import COMPARED, MAIN
from aisle.evaluation.encoders.vector_space import SpaceFigures
from aisle.evaluation.gates.check import Check
from aisle.evaluation.report import markdown_table

NARROW: Final = 64
DEEP: Final = "R@200"


@dataclass(frozen=True, slots=True)
class Limits:
    """What an adaptation must win and may cost.

    Attributes:
        least_gain: of R@200 at home at the narrow width, absolute.
        most_lost: of nDCG@10 outside at the full width, as a share of the base's.
        most_slice_loss: of nDCG@10 in any slice of the queries at home, absolute.
        most_hubness: times the base's.
        most_narrow_loss: share of the full width's R@200 at home that the narrow one lacks.

    Raises:
        InputError: a limit that is no number.
    """

    least_gain: float = 0.0
    most_lost: float = 0.01
    most_slice_loss: float = 0.02
    most_hubness: float = 1.5
    most_narrow_loss: float = 0.15

    def __post_init__(self) -> None:
        for name, limit in asdict(self).items():
            if not math.isfinite(limit):
                raise InputError(f"{limit} is no limit for {name}", fix="give a number, such as 0.01")


@dataclass(frozen=True, slots=True)
class WidthChange:
    """Adapted against base on one task at one width.

    Attributes:
        dataset: where.
        outside: whether that is another domain.
        dims: width.
        queries: how many.
        base, adapted: metric to mean.
        p: metric to p-value of the paired randomisation test.
    """

    dataset: str
    outside: bool
    dims: int
    queries: int
    base: Mapping[str, float]
    adapted: Mapping[str, float]
    p: Mapping[str, float]

    def change(self, metric: str) -> float:
        """Adapted less base."""
        return self.adapted[metric] - self.base[metric]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "dataset": self.dataset,
            "outside": self.outside,
            "dims": self.dims,
            "queries": self.queries,
            **{
                side: {m: round(v, 5) for m, v in getattr(self, side).items()} for side in ("base", "adapted")
            },
            "p": dict(self.p),
        }


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the queries at home, full width: nDCG@10 of base and adapted."""

    name: str
    queries: int
    base: float
    adapted: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "slice": self.name,
            "queries": self.queries,
            "base": round(self.base, 5),
            "adapted": round(self.adapted, 5),
        }


@dataclass(frozen=True, slots=True)
class AdaptationReport:
    """Gain and costs.

    Attributes:
        name, fingerprint: of the adapted artifact.
        base: name and fingerprint (12 digits) of what it was adapted from.
        changes: at home first, the full width and the narrow one of every task.
        space: "base" and "adapted" to figures of the items at home.
        stable: mean share of an item's ten nearest items that stayed.
        bytes_overlap: "base" and "adapted" to the share of the best ten that vectors kept as bytes find too.
        int8: figures of the artifact's own export, such as its cosines with fp32.
        popularity: "base" and "adapted" to the mean rank by popularity, 0 to 1 for the most popular, of the
            ten best results; empty where the catalogue does not say what is popular.
        slices: by length of the query, by numbers in it, and by given labels such as languages.
        checks: figures against their limits.
    """

    name: str
    fingerprint: str
    base: str
    changes: tuple[WidthChange, ...]
    space: Mapping[str, SpaceFigures]
    stable: float
    bytes_overlap: Mapping[str, float]
    int8: Mapping[str, float]
    popularity: Mapping[str, float]
    slices: tuple[Slice, ...]
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every figure is within its limit."""
        return all(check.met for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; ``passed`` and ``checks`` are what a gate reads."""
        return {
            "name": self.name,
            "fingerprint": self.fingerprint,
            "base": self.base,
            "passed": self.passed,
            "checks": [check.to_json() for check in self.checks],
            "changes": [change.to_json() for change in self.changes],
            "space": {side: figures.to_json() for side, figures in self.space.items()},
            "stable_neighbours": round(self.stable, 5),
            "bytes_overlap": {side: round(value, 5) for side, value in self.bytes_overlap.items()},
            "int8": dict(self.int8),
            "popularity": {side: round(value, 5) for side, value in self.popularity.items()},
            "slices": [one.to_json() for one in self.slices],
        }

    def write(self, path: Path) -> None:
        """Write the JSON, whole or not at all."""
        with whole_file(path) as file:
            file.write(orjson.dumps(self.to_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def checks_of(
    changes: Sequence[WidthChange],
    space: Mapping[str, SpaceFigures],
    slices: Sequence[Slice],
    limits: Limits,
) -> Iterator[Check]:
    """Figures against their limits: gain, loss outside and in slices, hubs, what the narrow width lacks."""
    home = [change for change in changes if not change.outside]
    full, narrow = home[0], home[-1]
    yield Check(
        f"{DEEP} won at home, {narrow.dims} dimensions", narrow.change(DEEP), limits.least_gain, False
    )
    for change in changes:
        if change.outside and change.dims == full.dims:
            lost = -change.change(MAIN) / change.base[MAIN] if change.base[MAIN] else 0.0
            yield Check(f"share of {MAIN} lost on {change.dataset}", lost, limits.most_lost, True)
    for one in slices:
        yield Check(f"{MAIN} lost, {one.name}", one.base - one.adapted, limits.most_slice_loss, True)
    hubs = space["adapted"].hubness / space["base"].hubness if space["base"].hubness > 0 else 1.0
    yield Check("hubness, times the base's", hubs, limits.most_hubness, True)
    if narrow is not full and full.adapted[DEEP]:
        lacks = 1 - narrow.adapted[DEEP] / full.adapted[DEEP]
        yield Check(
            f"share of {DEEP} that {narrow.dims} dimensions lack", lacks, limits.most_narrow_loss, True
        )


def to_markdown(report: AdaptationReport) -> str:
    """For people."""
    changes = [
        [
            change.dataset,
            "outside" if change.outside else "home",
            str(change.dims),
            f"{change.queries:,}",
            *(
                cell
                for m in COMPARED
                for cell in (f"{change.base[m]:.4f}", f"{change.change(m):+.4f}", f"{change.p[m]:.3f}")
            ),
        ]
        for change in report.changes
    ]
    head = [
        "data",
        "",
        "dims",
        "queries",
        *(f"{m} {what}" for m in COMPARED for what in ("base", "change", "p")),
    ]
    sides = list(report.space)
    space = [
        [name, *(f"{report.space[side].to_json()[name]:.3f}" for side in sides)]
        for name in report.space[sides[0]].to_json()
    ]
    space.append(
        ["vectors as bytes: best ten kept", *(f"{report.bytes_overlap[side]:.3f}" for side in sides)]
    )
    if report.popularity:
        space.append(["popularity of the best ten", *(f"{report.popularity[side]:.3f}" for side in sides)])
    checks = [
        ["met" if c.met else "MISSED", c.name, f"{c.value:.4f}", f"{'≤' if c.at_most else '≥'} {c.limit:g}"]
        for c in report.checks
    ]
    slices = [
        [s.name, f"{s.queries:,}", f"{s.base:.4f}", f"{s.adapted - s.base:+.4f}"] for s in report.slices
    ]
    parts = [
        f"# {report.name} ({report.fingerprint[:12]}) against {report.base}",
        markdown_table(["", "check", "value", "limit"], checks),
        "## Gain and loss",
        markdown_table(head, changes),
        "## The space",
        markdown_table(["", *sides], space),
        f"Of an item's ten nearest items {report.stable:.0%} stayed.",
    ]
    if report.int8:
        parts.append("Export: " + ", ".join(f"{name} {value:g}" for name, value in report.int8.items()))
    if slices:
        parts += [
            f"## Slices at home, {MAIN}",
            markdown_table(["queries", "count", "base", "change"], slices),
        ]
    return "\n\n".join(parts) + "\n"
