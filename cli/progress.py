"""Progress bars on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.common import progress_console


@contextmanager
def query_progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar per system; yields a callback (system, queries done, queries in all)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=progress_console(), transient=True) as bars:
        tasks = {}

        def advance(system: str, done: int, total: int) -> None:
            if system not in tasks:
                tasks[system] = bars.add_task(system, total=total)
            bars.update(tasks[system], completed=done)

        yield advance
