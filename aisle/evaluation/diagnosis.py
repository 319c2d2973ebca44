"""Whether semantic IDs and what is built on them are sound: one report for people, one for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from aisle.evaluation.codes import CodeReport, PrefixLabel, codes_table
from aisle.evaluation.coverage import CoveredTargets
from aisle.evaluation.report import markdown_table

_LABELLED: Final = 30
"""Prefixes of the first level that people are shown."""


@dataclass(frozen=True, slots=True)
class Gap:
    """How much better a recommender predicts what it was made of than what it was not.

    Attributes:
        train: metric to its mean over users whose last step was counted.
        validation: the same of steps that were not.
    """

    train: Mapping[str, float]
    validation: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class CandidateDiagnosis:
    """What channels find.

    Attributes:
        protocol: by which, in words.
        targets: where they stand.
        budgets: candidates in all.
        gap: of the channels together.
        milliseconds: part of a recommendation to its median time, one history after the other.
    """

    protocol: str
    targets: CoveredTargets
    budgets: tuple[int, ...]
    gap: Gap
    milliseconds: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class SemanticIdDiagnosis:
    """The whole.

    Attributes:
        name: of the artifacts, for the heading.
        read: what became of the events, on one line.
        codes: figures of the codes; None without any.
        labels: of the prefixes, those of most items first.
        candidates: what channels find; None without a recommender.
        recorded: artifact to figures that its training measured.
        missing: part that could not be looked at, to why and what to do.
    """

    name: str
    read: str
    codes: CodeReport | None
    labels: tuple[PrefixLabel, ...]
    candidates: CandidateDiagnosis | None
    recorded: Mapping[str, Mapping[str, float]]
    missing: Mapping[str, str]

    def to_markdown(self, plots: Sequence[str] = ()) -> str:
        """The report.

        Args:
            plots: names of files that it shows, each beside its section.
        """
        parts = [f"# Semantic IDs of {self.name}", self.read]
        parts += self._codes(plots)
        parts += self._candidates(plots)
        if self.recorded:
            parts += ["## Measured when they were trained", _recorded(self.recorded)]
        if self.missing:
            parts += [
                "## Not looked at",
                "\n".join(f"- **{what}**: {why}" for what, why in self.missing.items()),
            ]
        return "\n\n".join(parts) + "\n"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "name": self.name,
            "read": self.read,
            "codes": self.codes.to_json() if self.codes else None,
            "labels": [asdict(label) for label in self.labels],
            "candidates": _candidates_json(self.candidates) if self.candidates else None,
            "recorded": {name: dict(figures) for name, figures in self.recorded.items()},
            "missing": dict(self.missing),
        }

    def _codes(self, plots: Sequence[str]) -> Iterator[str]:
        if self.codes is None:
            return
        yield "## Codes"
        yield codes_table([self.codes])
        yield from _shown("levels", plots)
        yield markdown_table(
            ["prefix of", "prefixes", "items that share theirs", "items of the largest"],
            [
                [
                    f"{one.level} of {len(self.codes.levels)} codes",
                    f"{one.prefixes:,}",
                    f"{one.sharing:.1%}",
                    f"{one.largest:,}",
                ]
                for one in self.codes.levels
            ],
        )
        if self.codes.affinity:
            yield "Steps whose two items share a prefix; the codes were not made of these steps."
            rows = [
                [f"{one.length}", f"{one.share:.2%}", f"{one.chance:.3%}", f"{one.lift:.1f}x"]
                for one in self.codes.affinity
            ]
            yield markdown_table(["codes", "share", "by chance", "multiple"], rows)
            yield from _shown("affinity", plots)
        if self.codes.purity:
            yield "Share of the items whose category is the most frequent one of their prefix."
            rows = [[f"{one.length}", f"{one.purity:.1%}", f"{one.chance:.1%}"] for one in self.codes.purity]
            yield markdown_table(["codes", "purity", "categories dealt out anew"], rows)
        if self.labels:
            yield f"### What prefixes are about (the {min(_LABELLED, len(self.labels))} largest)"
            rows = [
                ["-".join(map(str, label.prefix)), f"{label.items:,}", ", ".join(label.words)]
                for label in self.labels[:_LABELLED]
            ]
            yield markdown_table(["prefix", "items", "words"], rows)

    def _candidates(self, plots: Sequence[str]) -> Iterator[str]:
        found = self.candidates
        if found is None:
            return
        targets = found.targets
        yield "## Candidates"
        yield f"Targets among as many candidates in all, {len(targets.takers):,} users: {found.protocol}."
        shares = targets.by_budget(found.budgets)
        yield markdown_table(
            ["channel", *(f"{budget:,}" for budget in found.budgets)],
            [[name, *(f"{share:.3f}" for share in held.values())] for name, held in shares.items()],
        )
        yield from _shown("coverage", plots)
        budget = found.budgets[0]
        strata = targets.by_takers(budget)
        yield f"### By how many users took the target ({budget:,} candidates)"
        yield markdown_table(
            ["channel", *(f"{name} ({held.users:,} users)" for name, held in strata.items())],
            [
                [channel, *(f"{held.shares[channel]:.3f}" for held in strata.values())]
                for channel in targets.ranks
            ],
        )
        yield from _shown("strata", plots)
        yield "### What was counted against what was not"
        yield markdown_table(
            ["metric", "counted", "not counted"],
            [
                [metric, f"{value:.4f}", f"{found.gap.validation[metric]:.4f}"]
                for metric, value in found.gap.train.items()
            ],
        )
        yield "### Milliseconds of a recommendation, median"
        yield markdown_table(
            ["part", "ms"], [[part, f"{value:.2f}"] for part, value in found.milliseconds.items()]
        )
        yield from _shown("latency", plots)


def _shown(name: str, plots: Sequence[str]) -> Iterator[str]:
    yield from (f"![{name}]({plot})" for plot in plots if plot.partition(".")[0] == name)


def _recorded(recorded: Mapping[str, Mapping[str, float]]) -> str:
    rows = [
        [artifact, metric, f"{value:.4f}"]
        for artifact, held in recorded.items()
        for metric, value in held.items()
    ]
    return markdown_table(["artifact", "figure", "value"], rows)


def _candidates_json(found: CandidateDiagnosis) -> dict[str, Any]:
    targets = found.targets
    return {
        "protocol": found.protocol,
        "users": len(targets.takers),
        "coverage": {
            channel: {str(budget): share for budget, share in held.items()}
            for channel, held in targets.by_budget(found.budgets).items()
        },
        "strata": {name: asdict(held) for name, held in targets.by_takers(found.budgets[0]).items()},
        "gap": asdict(found.gap),
        "milliseconds": dict(found.milliseconds),
    }
