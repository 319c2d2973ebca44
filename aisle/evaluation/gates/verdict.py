"""The verdict over a release: measured figures of it and of the live one against a policy. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any, Final

from aisle.evaluation.gates.check import Check
from aisle.evaluation.gates.figures import Found, ReleaseFigures
from aisle.evaluation.gates.policy import GatePolicy
from aisle.evaluation.gates.segments import Segments
from aisle.evaluation.metrics import Scores
from aisle.evaluation.report import markdown_table
from aisle.evaluation.significance import compare

_MB: Final = 1e6


class Gate(StrEnum):
    """What a release is held to."""

    LEAST = "least metric"
    METRIC = "metric against live"
    SIGNIFICANCE = "significance"
    SEGMENT = "segment against live"
    GOLDEN = "golden queries"
    SMOKE = "own titles and vectors"
    VECTORS = "vectors as made now"
    SEEN = "judgments unseen"
    UTILISATION = "code utilisation"
    INT8 = "INT8 parity"
    COVERAGE = "coverage of fields"
    DOCUMENTS = "documents"
    SIZE = "size"
    LATENCY = "latency"


@dataclass(frozen=True, slots=True)
class GateCheck:
    """One check of a gate.

    Attributes:
        gate: which.
        check: the candidate's figure and its limit.
        live: the live release's figure; None where none is compared.
        note: more about it, for people.
    """

    gate: Gate
    check: Check
    live: float | None = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        live = None if self.live is None else round(self.live, 5)
        return {"gate": self.gate.value, **self.check.to_json(), "live": live, "note": self.note}


@dataclass(frozen=True, slots=True)
class GateReport:
    """Whether a release may go live, and why.

    Attributes:
        candidate, live: releases; ``live`` is empty if nothing is live.
        uuids: release to the uuid of its index, which tells of which index this was measured.
        judged: the judged set; empty if there was none.
        rules: that acted on what the candidate found, for people.
        checks: every one that could be made.
        skipped: gate to why it was not.
        policy: what was held against it.
    """

    candidate: str
    live: str
    uuids: Mapping[str, str]
    judged: str
    rules: str
    checks: tuple[GateCheck, ...]
    skipped: Mapping[Gate, str]
    policy: GatePolicy

    @property
    def failures(self) -> tuple[GateCheck, ...]:
        """Checks that stop it."""
        return tuple(one for one in self.checks if not one.check.met)

    @property
    def passed(self) -> bool:
        """Whether it may go live. If nothing could be checked it may not."""
        return bool(self.checks) and not self.failures

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "passed": self.passed,
            "candidate": self.candidate,
            "live": self.live,
            "uuids": dict(self.uuids),
            "judged": self.judged,
            "rules": self.rules,
            "failures": [one.to_json() for one in self.failures],
            "checks": [one.to_json() for one in self.checks],
            "skipped": {gate.value: why for gate, why in self.skipped.items()},
            "policy": self.policy.to_json(),
        }

    def to_markdown(self) -> str:
        """A table of all checks, those that stop it first."""
        against = self.live or "nothing that is live"
        verdict = "may go live" if self.passed else "does not go live"
        what = self.candidate
        if self.candidate == self.live:
            against, what = "itself with the live rules", f"{self.candidate} with rules {self.rules}"
        rows = [
            [
                "yes" if one.check.met else "**no**",
                one.gate.value,
                one.check.name,
                f"{one.check.value:.4g}",
                f"{'≤' if one.check.at_most else '≥'} {one.check.limit:.4g}",
                "" if one.live is None else f"{one.live:.4g}",
                one.note,
            ]
            for one in sorted(self.checks, key=lambda one: one.check.met)
        ]
        parts = [
            f"# {what} {verdict}",
            f"{len(self.checks) - len(self.failures)} of {len(self.checks)} checks passed, against {against}"
            + (f", on {self.judged}" if self.judged else "")
            + (f". Rules: {self.rules}" if self.rules else "")
            + ".",
            markdown_table(["met", "gate", "what", "value", "limit", "live", "note"], rows),
        ]
        if self.skipped:
            parts.append(
                "Not checked: " + "; ".join(f"{gate} ({why})" for gate, why in self.skipped.items()) + "."
            )
        return "\n\n".join(parts) + "\n"


def judge(
    candidate: ReleaseFigures,
    live: ReleaseFigures | None,
    policy: GatePolicy,
    *,
    segments: Segments | None = None,
    judged: str = "",
    rules: str = "",
) -> GateReport:
    """Hold a release to a policy.

    Args:
        candidate: figures of the release in question.
        live: of the live one; None: nothing is live, so that only floors count.
        policy: the limits.
        segments: name to ids of judged queries.
        judged: name of the judged set.
        rules: that act on what the candidate finds, for people.

    Raises:
        EvaluationError: the two were scored on other queries.
    """
    checks = (
        *_quality(candidate, live, policy, segments or {}),
        *_found(Gate.GOLDEN, "golden queries", candidate.golden, policy.golden),
        *_found(Gate.SMOKE, "items found by their title", candidate.titles, policy.smoke),
        *_found(Gate.SMOKE, "items found by their vector", candidate.vectors, policy.smoke),
        *_vectors(candidate, policy),
        *_seen(candidate, policy),
        *_codes(candidate, live, policy),
        *_int8(candidate, policy),
        *(_costs(candidate, live, policy) if live else ()),
    )
    return GateReport(
        candidate.release,
        live.release if live else "",
        {one.release: one.uuid for one in (candidate, live) if one and one.uuid},
        judged,
        rules,
        checks,
        _skipped({one.gate for one in checks}, candidate, live, policy),
        policy,
    )


def _skipped(
    made: Set[Gate], candidate: ReleaseFigures, live: ReleaseFigures | None, policy: GatePolicy
) -> dict[Gate, str]:
    """Gates without a check, and why there is none."""
    no_live = "" if live else "nothing is live"
    unjudged = "" if candidate.scores else "there is no judged set"
    why = {
        Gate.LEAST: unjudged or "the policy has none",
        Gate.METRIC: unjudged or no_live or "the policy has none",
        Gate.SIGNIFICANCE: unjudged or no_live or "the policy leaves it out",
        Gate.SEGMENT: unjudged or no_live or f"none has {policy.segment_queries} queries",
        Gate.GOLDEN: "there are none",
        Gate.SMOKE: "no items were sampled",
        Gate.VECTORS: "no vectors were sampled",
        Gate.SEEN: unjudged or f"no model says of {policy.seen_queries} queries whether it learned from them",
        Gate.UTILISATION: "the release has no codes",
        Gate.INT8: "no encoder says how close it is",
        Gate.COVERAGE: no_live or "no field has any",
        Gate.DOCUMENTS: no_live,
        Gate.SIZE: no_live or "it is not known",
        Gate.LATENCY: unjudged or no_live or "it was not measured",
    }
    return {gate: why[gate] for gate in Gate if gate not in made}


def _quality(
    candidate: ReleaseFigures, live: ReleaseFigures | None, policy: GatePolicy, segments: Segments
) -> Iterator[GateCheck]:
    if candidate.scores is None:
        return
    yield from _least(candidate.scores, policy)
    if live is None or live.scores is None:
        return
    yield from _against(candidate.scores, live.scores, policy)
    yield from _segments(candidate.scores, live.scores, policy, segments)


def _vectors(candidate: ReleaseFigures, policy: GatePolicy) -> Iterator[GateCheck]:
    if candidate.vector_cosine is not None:
        name = "mean cosine with the vectors made now"
        yield GateCheck(Gate.VECTORS, Check(name, candidate.vector_cosine, policy.vector_cosine, False))


def _seen(candidate: ReleaseFigures, policy: GatePolicy) -> Iterator[GateCheck]:
    for model, seen in candidate.seen.items():
        if seen.asked >= policy.seen_queries:
            check = Check(f"judged queries that {model} learned from", seen.share, policy.seen, True)
            yield GateCheck(Gate.SEEN, check, None, f"of {seen.asked:,} that it can tell of")


def _codes(candidate: ReleaseFigures, live: ReleaseFigures | None, policy: GatePolicy) -> Iterator[GateCheck]:
    for level, used in enumerate(candidate.utilisation):
        then = live.utilisation[level] if live and len(live.utilisation) > level else None
        check = Check(f"codes used, level {level + 1}", used, policy.utilisation, False)
        yield GateCheck(Gate.UTILISATION, check, then)


def _int8(candidate: ReleaseFigures, policy: GatePolicy) -> Iterator[GateCheck]:
    if candidate.int8_cosine is not None:
        name = "mean cosine with the model before INT8"
        yield GateCheck(Gate.INT8, Check(name, candidate.int8_cosine, policy.int8_cosine, False))


def _least(scores: Scores, policy: GatePolicy) -> Iterator[GateCheck]:
    for metric, least in policy.least.items():
        yield GateCheck(Gate.LEAST, Check(metric, scores.mean(metric), least, False))


def _against(scores: Scores, live: Scores, policy: GatePolicy) -> Iterator[GateCheck]:
    for metric, drop in policy.drop.items():
        before = live.mean(metric)
        yield GateCheck(Gate.METRIC, Check(metric, scores.mean(metric), before - drop, False), before)
    if policy.significance:
        found = compare(live, scores, policy.tested)
        # Only a loss is held against it; a gain, and a draw, are as good as certain not to be one.
        p = found.p_value if found.delta < 0 else 1.0
        note = f"{found.delta:+.4f}, {found.wins} queries better and {found.losses} worse"
        name = f"p of a loss of {policy.tested}"
        yield GateCheck(Gate.SIGNIFICANCE, Check(name, p, policy.significance, False), None, note)


def _segments(scores: Scores, live: Scores, policy: GatePolicy, segments: Segments) -> Iterator[GateCheck]:
    now, then = scores.per_query[policy.tested], live.per_query[policy.tested]
    for name, ids in segments.items():
        counted = [id_ for id_ in now if id_ in ids]
        if len(counted) < policy.segment_queries:
            continue
        before = _mean(then, counted)
        check = Check(f"{policy.tested}, {name}", _mean(now, counted), before - policy.segment_drop, False)
        yield GateCheck(Gate.SEGMENT, check, before, f"{len(counted)} queries")


def _mean(values: Mapping[str, float], ids: Sequence[str]) -> float:
    return sum(values[id_] for id_ in ids) / len(ids)


def _found(gate: Gate, name: str, found: Found | None, least: float) -> Iterator[GateCheck]:
    if found is None:
        return
    missed = f"missed: {', '.join(found.missed[:5])}" if found.missed else ""
    yield GateCheck(
        gate, Check(name, found.share, least, False), None, f"of {found.asked:,}; {missed}".rstrip("; ")
    )


def _costs(candidate: ReleaseFigures, live: ReleaseFigures, policy: GatePolicy) -> Iterator[GateCheck]:
    for name, before in live.coverage.items():
        if before:
            share = candidate.coverage.get(name, 0.0)
            limit = before * (1 - policy.coverage_drop)
            yield GateCheck(Gate.COVERAGE, Check(name, share, limit, False), before)
    least = live.documents * (1 - policy.shrink)
    yield GateCheck(Gate.DOCUMENTS, Check("documents", candidate.documents, least, False), live.documents)
    if live.size_bytes and live.documents:
        # What the live release would take with as many documents.
        alike = live.size_bytes * candidate.documents / live.documents / _MB
        check = Check(
            "megabytes", candidate.size_bytes / _MB, alike * policy.size + policy.size_slack_mb, True
        )
        yield GateCheck(Gate.SIZE, check, live.size_bytes / _MB)
    both = live.milliseconds.keys() & candidate.milliseconds.keys()
    if both:
        before = median(live.milliseconds[id_] for id_ in both)
        # Query by query, since both were asked one right after the other: what slowed both is no difference.
        more = median(candidate.milliseconds[id_] - live.milliseconds[id_] for id_ in both)
        most = before * policy.latency + policy.latency_slack_ms
        yield GateCheck(Gate.LATENCY, Check("p50 ms", before + more, most, True), before)
