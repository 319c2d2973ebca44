"""What a command of ``aisle train`` does: data to artifact, in one shape for all kinds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from aisle.encoder import ArtifactStore
from aisle.encoder.artifact import check_name
from aisle.training.common.progress import Progress
from aisle.training.common.run_folder import work_folder

Trained = TypeVar("Trained")
Exported = TypeVar("Exported")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJob(ABC, Generic[Trained, Exported]):
    """Read a training set, keep apart what is held out, train, export.

    Attributes:
        name: of the artifact.
        held_out: BEIR folder; the queries of its split ``dev`` are kept out of the training, or None.
        work: folder of the run; None: ``training/<name>`` under ``AISLE_HOME``.

    Raises:
        InputError: a name that no artifact can have.
    """

    name: str
    held_out: Path | None = None
    work: Path | None = None

    def __post_init__(self) -> None:
        check_name(self.name)

    @property
    def folder(self) -> Path:
        """The work folder."""
        return self.work or work_folder(self.name)

    @abstractmethod
    def run(
        self, store: ArtifactStore, *, resume: bool, measure: bool, progress: Progress
    ) -> tuple[Trained, Exported]:
        """Train and export.

        Args:
            store: where the artifact goes.
            resume: whether a run that the work folder holds may be continued.
            measure: compare INT8 with fp32.
            progress: receives stages, phases, steps and remarks.

        Returns:
            The trained model on disk, and what was exported.

        Raises:
            InputError: bad data, a base model that cannot be exported, or a work folder of another run.
            MissingExtra: the extra ``train`` is not installed.
        """
