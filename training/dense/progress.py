"""What a training run tells while it runs."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told of stages, steps and remarks."""

    def stage(self, name: str, position: int, count: int) -> None:
        """A stage begins: its name, its number from 1, and how many there are."""

    def step(self, done: int, total: int, loss: float | None) -> None:
        """So many optimizer steps of the stage are done; the mean loss of late, if it is known."""

    def note(self, text: str) -> None:
        """Something worth one line."""


class Silent:
    """Says nothing."""

    def stage(self, name: str, position: int, count: int) -> None:
        """Nothing."""

    def step(self, done: int, total: int, loss: float | None) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""
