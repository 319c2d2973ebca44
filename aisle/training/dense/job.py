"""Data to artifact: read, keep apart what is held out, train, export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from aisle import _paths as paths
from aisle.catalogue.judged import read_judged
from aisle.encoder import ArtifactStore
from aisle.encoder.export import ExportReport, export
from aisle.errors import InputError
from aisle.evaluation.encoders.fidelity import DenseFidelity
from aisle.training.common.progress import Progress
from aisle.training.common.settings import check_name
from aisle.training.data.sources import SourceKind, kept_apart, read_training_set
from aisle.training.dense.settings import TrainingSettings
from aisle.training.dense.train import TrainedEncoder, train_encoder


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What ``aisle train encoder`` does.

    Attributes:
        kind, folder: where the training set comes from; masked: of reviews.
        check: BEIR folder whose split ``dev`` is held out and measured with, after the export.
        name: of the artifact; settings: of the training; work: folder of the run.
    """

    kind: SourceKind
    folder: Path
    masked: bool
    check: Path | None
    name: str
    settings: TrainingSettings
    work: Path

    @classmethod
    def of(
        cls,
        *,
        data: Path | None,
        reviews: Path | None,
        sequences: Path | None,
        masked: bool,
        check: Path | None,
        name: str,
        settings: TrainingSettings,
        work: Path | None,
    ) -> Self:
        """A plan for the one source that is given; ``work`` is by default ``<home>/training/<name>``.

        Raises:
            InputError: no source or several, or a name that no artifact can have.
        """
        given = {SourceKind.JUDGMENTS: data, SourceKind.REVIEWS: reviews, SourceKind.SEQUENCES: sequences}
        found = [(kind, folder) for kind, folder in given.items() if folder is not None]
        if len(found) != 1:
            raise InputError(
                f"{len(found)} sources of training data", fix="give one of --data, --reviews and --sequences"
            )
        check_name(name)
        ((kind, folder),) = found
        return cls(kind, folder, masked, check, name, settings, work or paths.home() / "training" / name)

    def run(
        self, store: ArtifactStore, *, resume: bool, measure: bool, progress: Progress
    ) -> tuple[TrainedEncoder, ExportReport]:
        """Train and export.

        Raises:
            InputError: bad data, a base model that cannot be exported, a work folder of another run.
            MissingExtra: the extra ``train`` is not installed.
        """
        training_set = read_training_set(self.kind, self.folder, masked=self.masked)
        if self.check is not None:
            training_set = kept_apart(training_set, self.check)
        if training_set.dropped:
            progress.note(
                "left out: " + ", ".join(f"{n:,} ({why})" for why, n in training_set.dropped.items())
            )
        trained = train_encoder(training_set, self.settings, self.work, resume=resume, progress=progress)
        options = trained.export_options(self.name, training_set)
        fidelity = DenseFidelity(read_judged(self.check) if self.check else None) if measure else None
        return trained, export(options, store, progress.note, fidelity=fidelity)
