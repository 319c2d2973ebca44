"""What ``aisle update`` shows while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.common import printable, progress_console
from indexer.updates import UpdateReport


def update_notices() -> Callable[[str], None]:
    """Takes lines for standard error."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    return lambda text: console.print(f"note: {printable(text)}", markup=False)


@contextmanager
def update_progress() -> Iterator[Callable[[UpdateReport], None]]:
    """One line: how far it went, lines a second, what was set aside.

    After an error it says up to which line the changes are in the index: who sends a stream has to know.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    latest: list[UpdateReport] = []
    try:
        with Bars(*columns, console=progress_console(), transient=True) as bars:
            line = bars.add_task("waiting for changes")

            def show(now: UpdateReport) -> None:
                latest[:] = [now]
                rate = now.lines / now.seconds if now.seconds else 0.0
                parts = [f"line {now.line:,}", f"{rate:,.0f}/s", f"{now.encoded:,} encoded"]
                if now.dead:
                    parts.append(f"{now.dead:,} set aside")
                bars.update(line, description=", ".join(parts))

            yield show
    except BaseException:
        for report in latest:
            update_notices()(f"{report.line:,} lines are applied, the rest is not")
        raise
