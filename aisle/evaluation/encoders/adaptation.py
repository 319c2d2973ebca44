"""What an adaptation won at home and what it cost elsewhere: measured of an encoder beside its base."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aisle.encoder.dense import DenseEncoder
from aisle.errors import InputError
from aisle.evaluation.encoders.adaptation_report import (
    NARROW,
    AdaptationReport,
    Limits,
    Slice,
    WidthChange,
    checks_of,
)
from aisle.evaluation.encoders.exact import exact_neighbours, mean_overlap
from aisle.evaluation.encoders.quality import COMPARED, MAIN, METRICS, Encoded, encode
from aisle.evaluation.encoders.tasks import Judged, check_task
from aisle.evaluation.encoders.vector_space import (
    NEIGHBOURS,
    SpaceFigures,
    neighbour_overlap,
    space_figures,
)
from aisle.evaluation.encoders.vector_table import KeptSearch
from aisle.evaluation.metrics import Scores
from aisle.evaluation.significance import compare
from aisle.mappings.vector_types import VectorType
from aisle.types import Say

LEAST_QUERIES: Final = 20
"""Of a slice: fewer tell nothing."""


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
        InputError: the two are one and the same artifact, or the base is narrower.
        EvaluationError: a task that cannot be scored.
    """
    if adapted.fingerprint == base.fingerprint:
        raise InputError(
            f"{adapted.manifest.name} and its base are the same artifact", fix="name what it was adapted from"
        )
    if base.dims < adapted.dims:
        names = base.manifest.name, adapted.manifest.name
        raise InputError(
            f"the base {names[0]} has {base.dims} dimensions, {names[1]} {adapted.dims}",
            fix="name what it was adapted from, in its full width, with --base",
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
        checks=tuple(checks_of(changes, space, slices, limits)),
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
