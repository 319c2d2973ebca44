"""From a shop's data to the live release, in one command that a scheduler may run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from opensearchpy import OpenSearch

from aisle._environment import optional
from aisle.cluster.client import connected
from aisle.encoder import ArtifactStore
from aisle.errors import InputError
from aisle.pipeline.report import PipelineReport, StepReport, StepState
from aisle.pipeline.settings import EXAMPLE, read_settings
from aisle.pipeline.work import WorkFolder

if TYPE_CHECKING:
    from aisle.training.common.progress import Progress

__all__ = ["PipelineReport", "StepReport", "StepState", "run_pipeline", "write_example"]


def run_pipeline(
    file: str | Path,
    *,
    dry_run: bool = False,
    again: Sequence[str] = (),
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
    progress: Progress | None = None,
) -> PipelineReport:
    """Do all that leads from a shop's data to the live release: prepare, train, export, index, gate, promote.

    A step is done only if something that decides its result has changed: a file, an option, Aisle's version.
    What is finished is kept, so that after an error, Ctrl-C or a crash the same call goes on from there. The
    gate ends the pipeline before anything goes live.

    Example:
        >>> report = aisle.run_pipeline("pipeline.toml")
        >>> report.stopped or report.live
        'shop-v0008'

    Args:
        file: TOML; `aisle pipeline init` writes one to begin with.
        dry_run: say what would be done and why, and change nothing.
        again: names of steps to do although nothing has changed.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: of artifacts; None: the one under ``AISLE_HOME``.
        progress: is told of steps, stages and remarks; None: nobody is.

    Raises:
        InputError: the file says what cannot be, or another run of the pipeline is under way.
        MissingExtra: the extra ``pipeline`` is not installed, or one that a step needs.
        AisleError: as the step that failed. What is live is as it was.
    """
    optional("doit", extra="pipeline")
    from aisle.pipeline.run import plan_steps, run_steps
    from aisle.pipeline.step import Workplace
    from aisle.training.common.progress import Silent

    settings = read_settings(Path(file))
    at = Workplace(
        settings,
        WorkFolder(settings.work),
        connected(cluster),
        store or ArtifactStore.default(),
        progress or Silent(),
    )
    return plan_steps(at, again) if dry_run else run_steps(at, again)


def write_example(path: str | Path) -> Path:
    """Write a commented file to begin with.

    Raises:
        InputError: there is something already, or it cannot be written.
    """
    path = Path(path)
    try:
        with path.open("x") as file:
            file.write(EXAMPLE)
    except FileExistsError:
        raise InputError(f"{path} is there already", fix="name another file, or remove it") from None
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}", fix="name another file") from None
    return path
