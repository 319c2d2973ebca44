"""Data to artifact: read, train, export."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from aisle.encoder import ArtifactStore
from aisle.encoder.export import ExportReport, export
from aisle.evaluation.encoders.fidelity import SparseFidelity
from aisle.training.common.progress import Progress
from aisle.training.common.settings import check_name
from aisle.training.data.sources import TRAIN, judged_pairs, kept_apart
from aisle.training.sparse.settings import SparseSettings
from aisle.training.sparse.train import TrainedSparse, train_sparse


@dataclass(frozen=True, slots=True)
class SparsePlan:
    """What ``aisle train sparse`` does.

    Attributes:
        data: BEIR folder; its split ``train`` is learned from.
        held_out: BEIR folder whose split ``dev`` shares no query with what is learned from, or None.
        name: of the artifact; settings: of the training.
        work: folder of the trained torch model; one that a run before has left is replaced.
        measure: compare INT8 with fp32.

    Raises:
        InputError: a name that no artifact can have.
    """

    data: Path
    held_out: Path | None
    name: str
    settings: SparseSettings
    work: Path
    measure: bool = True

    def __post_init__(self) -> None:
        check_name(self.name)

    def run(
        self, store: ArtifactStore, progress: Progress, *, resume: bool = False
    ) -> tuple[TrainedSparse, ExportReport]:
        """Train and export.

        Args:
            store: where the artifact goes.
            progress: is told of steps.
            resume: go on with the run that the work folder holds.

        Raises:
            InputError: bad data, a base model that cannot be exported, or a work folder of another run.
            MissingExtra: the extra ``train`` is not installed.
        """
        data = judged_pairs(self.data, TRAIN)
        if self.held_out is not None:
            data = kept_apart(data, self.held_out)
        progress.stage("sparse", 1, 1)
        folder = self.work / self.name
        fresh = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        trained = train_sparse(data, None, self.settings, fresh, progress.step, resume=resume)
        options = trained.export_options(self.name, data)
        fidelity = SparseFidelity(options.calibration) if self.measure else None
        exported = export(options, store, progress.note, fidelity=fidelity)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
        return replace(trained, folder=folder), exported
