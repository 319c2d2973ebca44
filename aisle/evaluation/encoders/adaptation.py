"""What an adaptation won at home and what it cost elsewhere, as figures that a release gate can read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from aisle._files import whole_file
from aisle.encoder.dense import DenseEncoder
from aisle.errors import InputError
from aisle.evaluation.encoders.exact import exact_neighbours, mean_overlap
from aisle.evaluation.encoders.quality import COMPARED, MAIN, METRICS, Encoded, encode
from aisle.evaluation.encoders.tasks import Judged, check_task
from aisle.evaluation.encoders.vector_space import (
    NEIGHBOURS,
    SpaceFigures,
    neighbour_overlap,
    sample,
    space_figures,
)
from aisle.evaluation.encoders.vector_table import KeptSearch
from aisle.evaluation.gates.check import Check
from aisle.evaluation.metrics import Scores
from aisle.evaluation.report import markdown_table
from aisle.evaluation.significance import compare
from aisle.mappings.vector_types import VectorType
from aisle.types import Say

NARROW: Final = 64
DEEP: Final = "R@200"
LEAST_QUERIES: Final = 20
"""Of a slice: fewer tell nothing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an adaptation must win and may cost.

    Attributes:
        least_gain: of R@200 at home at the narrow width, absolute.
        most_lost: of nDCG@10 outside at the full width, as a share of the base's.
        most_slice_loss: of nDCG@10 in any slice of the queries at home, absolute.
        most_hubness: times the base's.
        most_narrow_loss: share of the full width's R@200 at home that the narrow one lacks.
    """

    least_gain: float = 0.0
    most_lost: float = 0.01
    most_slice_loss: float = 0.02
    most_hubness: float = 1.5
    most_narrow_loss: float = 0.15


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


@dataclass(frozen=True, slots=True)
class Home:
    """What is known of the domain beside its judgments.

    Attributes:
        popularity: item id to how popular it is, in any unit.
        labels: query id to a label of its slice, such as a language.
    """

    popularity: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


def report_adaptation(
    adapted: DenseEncoder,
    base: DenseEncoder,
    home: Judged,
    outside: Sequence[Judged],
    *,
    limits: Limits | None = None,
    known: Home | None = None,
    relevant: float = 2,
    progress: Say = lambda _: None,
) -> AdaptationReport:
    """Measure an adapted encoder beside its base.

    Args:
        adapted: the encoder in question.
        base: what it was adapted from.
        home: a task of its domain.
        outside: tasks of other domains; without one, nothing is known of what was lost.
        limits: that the checks compare with; None: the usual ones.
        known: popularity of items and labels of queries at home; None: nothing.
        relevant: lowest grade that counts as relevant.
        progress: takes a line before each step.

    Raises:
        InputError: the two are one and the same artifact.
        EvaluationError: a task that cannot be scored.
    """
    if adapted.fingerprint == base.fingerprint:
        raise InputError(
            f"{adapted.manifest.name} and its base are the same artifact", fix="name what it was adapted from"
        )
    limits, known = limits or Limits(), known or Home()
    for task in (home, *outside):
        check_task(task, relevant)
    pairs: list[tuple[Encoded, Encoded]] = []
    for task in (home, *outside):
        progress(f"encoding {len(task.ids):,} items of {task.judged.name} twice")
        pairs.append((encode(base, task, relevant), encode(adapted, task, relevant)))
    progress("comparing")
    return compared(adapted, base, pairs, limits, known)


def compared(
    adapted: DenseEncoder,
    base: DenseEncoder,
    pairs: Sequence[tuple[Encoded, Encoded]],
    limits: Limits,
    known: Home,
) -> AdaptationReport:
    """The report of vectors: base's and adapted's of every task, home first."""
    before, after = pairs[0]
    changes = tuple(
        change
        for number, (one, other) in enumerate(pairs)
        for change in width_changes(one, other, outside=number > 0)
    )
    space = {"base": _space(before), "adapted": _space(after)}
    slices = tuple(_slices(before, after, known.labels))
    return AdaptationReport(
        name=adapted.manifest.name,
        fingerprint=adapted.fingerprint,
        base=f"{base.manifest.name} ({base.fingerprint[:12]})",
        changes=changes,
        space=space,
        stable=neighbour_overlap(before.items, after.items),
        bytes_overlap={"base": _kept_as_bytes(before), "adapted": _kept_as_bytes(after)},
        int8=dict(adapted.manifest.metrics),
        popularity=_popularity(before, after, known.popularity),
        slices=slices,
        checks=tuple(_checks(changes, space, slices, limits)),
    )


def width_changes(base: Encoded, adapted: Encoded, *, outside: bool) -> Iterator[WidthChange]:
    """At the full width and, if the vectors are wider than that, at the narrow one."""
    full = adapted.items.shape[1]
    for dims in dict.fromkeys((full, min(NARROW, full))):
        before, after = _scores(base, dims), _scores(adapted, dims)
        yield WidthChange(
            dataset=base.task.judged.name,
            outside=outside,
            dims=dims,
            queries=after.queries,
            base={metric: before.mean(metric) for metric in METRICS},
            adapted={metric: after.mean(metric) for metric in METRICS},
            p={metric: compare(before, after, metric).p_value for metric in COMPARED},
        )


def _scores(encoded: Encoded, dims: int | None = None) -> Scores:
    return encoded.score(encoded.rankings(exact_neighbours, dims), "vectors")


def _space(encoded: Encoded) -> SpaceFigures:
    return space_figures(encoded.items, encoded.queries)


def _kept_as_bytes(encoded: Encoded) -> float:
    exact = encoded.rankings(exact_neighbours)
    return mean_overlap(encoded.rankings(KeptSearch(VectorType.BYTE)), exact, NEIGHBOURS)


def _popularity(before: Encoded, after: Encoded, popularity: Mapping[str, float]) -> dict[str, float]:
    if not popularity:
        return {}
    order = sorted(popularity, key=popularity.__getitem__)
    rank = {item: place / max(1, len(order) - 1) for place, item in enumerate(order)}
    found = {}
    for side, encoded in (("base", before), ("adapted", after)):
        rankings = encoded.rankings(exact_neighbours)
        best = [rank[item] for row in rankings.values() for item in row[:NEIGHBOURS] if item in rank]
        if best:
            found[side] = float(np.mean(best))
    return found


def _slices(before: Encoded, after: Encoded, labels: Mapping[str, str]) -> Iterator[Slice]:
    one, other = _scores(before).per_query[MAIN], _scores(after).per_query[MAIN]
    members: defaultdict[str, list[str]] = defaultdict(list)
    for query in before.task.judged.queries:
        if query.id in one:
            for name in _names(query.text, labels.get(query.id, "")):
                members[name].append(query.id)
    for name, queries in sorted(members.items()):
        if len(queries) >= LEAST_QUERIES:
            means = [float(np.mean([scores[query] for query in queries])) for scores in (one, other)]
            yield Slice(name, len(queries), *means)


_FEW_WORDS: Final = 3


def _names(text: str, label: str) -> Iterator[str]:
    words = len(text.split())
    yield "one word" if words == 1 else "two or three words" if words <= _FEW_WORDS else "four words or more"
    if any(mark.isdigit() for mark in text):
        yield "with a number"
    if label:
        yield label


def _checks(
    changes: Sequence[WidthChange],
    space: Mapping[str, SpaceFigures],
    slices: Sequence[Slice],
    limits: Limits,
) -> Iterator[Check]:
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


def sampled(task: Judged, seed: int, most: int) -> Judged:
    """A smaller catalogue: every judged item, and others drawn up to ``most`` items in all."""
    judged = {item for items in task.judged.qrels.values() for item in items}
    kept = [place for place, item in enumerate(task.ids) if item in judged]
    others = np.array([place for place, item in enumerate(task.ids) if item not in judged], dtype=np.int64)
    room = max(0, most - len(kept))
    drawn = others[sample(len(others), seed, room)] if room else others[:0]
    places = sorted((*kept, *drawn.tolist()))
    return Judged(
        tuple(task.ids[place] for place in places), tuple(task.texts[place] for place in places), task.judged
    )
