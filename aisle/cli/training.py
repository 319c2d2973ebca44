"""What commands of ``aisle train`` share: options, and progress on a terminal or as lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

import aisle
from aisle._train import progress_lines

if TYPE_CHECKING:
    from aisle.training.common.progress import Progress

Name = Annotated[str, typer.Option("--name", help="Name of the artifact, and of the training.")]
Orders = Annotated[
    str,
    typer.Option(
        "--data",
        help="Orders or events (CSV, JSON, XLSX, Parquet), or a folder with them and a catalogue.",
    ),
]
Catalogue = Annotated[str | None, typer.Option(help="Catalogue of the items. Default: the folder's.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--map", help="Column of orders, as in --map user=buyer; repeat for several."),
]


def products_option(panel: str | None = None) -> Any:
    """Which lines of orders are products."""
    return typer.Option(
        metavar="REGEX",
        help="What the whole id of every product fits. Default: no postage, discounts, fees.",
        rich_help_panel=panel,
    )


def ignore_case_option(panel: str | None = None) -> Any:
    """Whether capital letters tell ids apart."""
    return typer.Option(
        "--ignore-case/--heed-case", help="Ids in other capital letters are one item.", rich_help_panel=panel
    )


Base = Annotated[
    str,
    typer.Option("--base", help="What to begin with: a model, or the name of an `aisle train` run."),
]
Work = Annotated[
    Path | None, typer.Option("--work", help="Work folder. Default: training/NAME under AISLE_HOME.")
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Continue the training in the work folder; finished stages stay.")
]
Measure = Annotated[bool, typer.Option("--measure/--no-measure", help="Compare INT8 with fp32 at the end.")]
Seed = Annotated[int, typer.Option("--seed", help="Random seed.", min=0)]
Out = Annotated[
    Path | None, typer.Option("--out", help="Artifact store. Default: artifacts under AISLE_HOME.")
]
Every = Annotated[
    float,
    typer.Option(
        "--progress-every",
        min=0.1,
        help="Without a terminal: most seconds between two lines of progress.",
    ),
]


def artifact_store(out: Path | None) -> aisle.ArtifactStore | None:
    """What ``--out`` names; None: the store under ``AISLE_HOME``."""
    return aisle.ArtifactStore(out) if out else None


class TrainingBars:
    """For a terminal: a bar per stage and phase, with steps, loss and time."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._name = ""
        self._task: TaskID | None = None

    def stage(self, name: str, position: int, count: int) -> None:
        """Another bar."""
        self.phase(f"stage {position} of {count}: {name}")

    def phase(self, name: str) -> None:
        """Another bar."""
        if self._task is not None:
            self._bars.stop_task(self._task)
        self._name = name
        self._task = self._bars.add_task(name, total=None)

    def step(self, done: int, total: int, loss: float | None) -> None:
        """The bar moves."""
        if self._task is None:
            return
        shown = self._name if loss is None else f"{self._name}, loss {loss:.3f}"
        self._bars.update(self._task, completed=done, total=total, description=shown)

    def note(self, text: str) -> None:
        """A line above the bars."""
        self._bars.console.print(text, markup=False, highlight=False)


@contextmanager
def training_progress(console: Console, every: float = 30.0) -> Iterator[Progress]:
    """Bars on a terminal, which stay as the run's diary; elsewhere a plain line every so many seconds."""
    if not console.is_terminal:
        with progress_lines(console.file, every) as lines:
            yield lines
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console) as bars:
        yield TrainingBars(bars)
