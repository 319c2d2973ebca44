"""Tables of recommenders: the protocol stands above them, and rows of another one do not get in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aisle.errors import EvaluationError
from aisle.evaluation.report import markdown_table
from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase
from aisle.evaluation.sequences.ranks import DEFAULT_METRICS, RankedTargets, mean_of


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """Figures that others published for the same sequences and the same protocol.

    Attributes:
        system: its name.
        dataset, protocol, phase: of the table that it may stand in.
        metrics: metric to its mean, those that were published.
        source: where they were read.
    """

    system: str
    dataset: str
    protocol: EvaluationProtocol
    phase: Phase
    metrics: Mapping[str, float]
    source: str


@dataclass(frozen=True, slots=True)
class ProtocolTable:
    """Systems by metrics on one data set, by one protocol.

    Attributes:
        dataset: name of the sequences.
        protocol, phase: of every row.
        users: who were asked.
        items: that were ranked.
        systems: system to metric to mean; of published ones not every metric.
        sources: system to where its figures were read, for published ones.
        notes: system to what is to be said of it, such as the settings that the validation chose.
        metrics: the columns.
    """

    dataset: str
    protocol: EvaluationProtocol
    phase: Phase
    users: int
    items: int
    systems: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[str, ...] = DEFAULT_METRICS

    def with_ranked(self, row: RankedTargets, note: str = "") -> ProtocolTable:
        """With one more system.

        Raises:
            EvaluationError: it was measured by another protocol, on other users, or is there already.
        """
        self._check(row)
        if len(row.ranks) != self.users:
            raise EvaluationError(
                f"{row.system} was asked for {len(row.ranks):,} users, not {self.users:,}",
                fix="measure it on the same split",
            )
        means = dict(row.means(self.metrics))
        if row.cold is not None and row.cold_ranks is not None:
            means["R@10 warm"] = mean_of(row.ranks[~row.cold], "R@10")
            means["R@10 cold"] = mean_of(row.ranks[row.cold], "R@10")
            means["R@10 among cold"] = mean_of(row.cold_ranks, "R@10")
        notes = {**self.notes, row.system: note} if note else self.notes
        return replace(self, systems={**self.systems, row.system: means}, notes=notes)

    def with_published(self, row: PublishedRow) -> ProtocolTable:
        """With figures of others.

        Raises:
            EvaluationError: they are for another protocol or another data set, or are there already.
        """
        self._check(row)
        return replace(
            self,
            systems={**self.systems, row.system: row.metrics},
            sources={**self.sources, row.system: row.source},
        )

    def _check(self, row: RankedTargets | PublishedRow) -> None:
        if row.system in self.systems:
            raise EvaluationError(f"two systems are called '{row.system}'", fix="measure each once")
        if (row.dataset, row.protocol, row.phase) != (self.dataset, self.protocol, self.phase):
            raise EvaluationError(
                f"{row.system} was measured otherwise ({row.dataset}, {row.phase.value}:"
                f" {row.protocol.words()})",
                fix="make a table of its own for each data set and protocol",
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The metrics of all systems, in order."""
        return tuple(dict.fromkeys((*self.metrics, *(m for means in self.systems.values() for m in means))))

    def caption(self) -> str:
        """What was measured, on one line."""
        return (
            f"{self.dataset}, {self.phase.value}: {self.users:,} users, {self.items:,} items;"
            f" {self.protocol.words()}"
        )

    def to_markdown(self) -> str:
        """The protocol, the table and its notes."""
        head = ["system", *self.columns]
        rows = [
            [
                f"{name} ({self.sources[name]})" if name in self.sources else name,
                *(f"{means[metric]:.4f}" if metric in means else "" for metric in self.columns),
            ]
            for name, means in self.systems.items()
        ]
        notes = "\n".join(f"- {name}: {note}" for name, note in self.notes.items())
        return "\n\n".join(filter(None, (self.caption(), markdown_table(head, rows), notes))) + "\n"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "dataset": self.dataset,
            "phase": self.phase.value,
            "protocol": self.protocol.words(),
            "users": self.users,
            "items": self.items,
            "systems": {
                name: {**means, "note": self.notes.get(name, ""), "source": self.sources.get(name, "")}
                for name, means in self.systems.items()
            },
        }
