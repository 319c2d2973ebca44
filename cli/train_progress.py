"""What ``aisle train`` shows while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class TrainingBars:
    """A line per stage: steps, loss, time."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._name = "reading"
        self._task: TaskID = bars.add_task(self._name, total=None)

    def stage(self, name: str, position: int, count: int) -> None:
        """Another bar."""
        self._bars.stop_task(self._task)
        self._name = f"stage {position} of {count}: {name}"
        self._task = self._bars.add_task(self._name, total=None)

    def step(self, done: int, total: int, loss: float | None) -> None:
        """The bar moves."""
        shown = self._name if loss is None else f"{self._name}, loss {loss:.3f}"
        self._bars.update(self._task, completed=done, total=total, description=shown)

    def note(self, text: str) -> None:
        """A line above the bars."""
        self._bars.console.print(text, markup=False, highlight=False)


@contextmanager
def training_progress(console: Console) -> Iterator[TrainingBars]:
    """Bars on standard error; they stay, as the run's diary."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        yield TrainingBars(bars)
