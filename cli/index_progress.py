"""What ``aisle index`` shows while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from catalogue.rejects import Rejects
from cli.common import progress_console
from indexer import Progress


@contextmanager
def index_progress(rejects: Rejects) -> Iterator[Callable[[Progress], None]]:
    """One line: documents, documents a second, dead letters, repeated requests."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bars(*columns, console=progress_console(), transient=True) as bars:
        line = bars.add_task("starting")

        def show(now: Progress) -> None:
            rate = (now.accepted - now.resumed) / now.seconds if now.seconds else 0.0
            parts = [f"{now.accepted:,} documents", f"{rate:,.0f}/s"]
            if aside := rejects.count + now.refused:
                parts.append(f"{aside:,} set aside")
            if now.retries:
                parts.append(f"{now.retries:,} requests repeated")
            bars.update(line, description=", ".join(parts))

        yield show
