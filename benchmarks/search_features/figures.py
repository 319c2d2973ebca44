"""What one topic of this benchmark measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.harness.result_file import BenchmarkResult, Goal


@dataclass(frozen=True, slots=True)
class Figures:
    """The part of the result file that one topic fills.

    Attributes:
        rows: of the table.
        attempts: what was tried, with its figure.
        goals: what was asked for.
    """

    rows: Sequence[Mapping[str, Any]]
    attempts: Sequence[Mapping[str, Any]]
    goals: Sequence[Goal]

    def of(self, topic: str) -> Figures:
        """The same figures, marked with the topic that they belong to."""
        return Figures(
            [{"topic": topic, **row} for row in self.rows],
            [{"topic": topic, **attempt} for attempt in self.attempts],
            [Goal(f"{topic}: {goal.name}", goal.value, goal.goal, goal.better) for goal in self.goals],
        )


def without(result: BenchmarkResult, topics: Sequence[str]) -> Figures:
    """What a result file says of every other topic, for a run that measures only these."""
    marks = tuple(f"{topic}: " for topic in topics)
    return Figures(
        [row for row in result.rows if row["topic"] not in topics],
        [attempt for attempt in result.attempts if attempt["topic"] not in topics],
        [goal for goal in result.goals if not goal.name.startswith(marks)],
    )
