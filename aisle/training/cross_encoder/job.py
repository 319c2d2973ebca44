"""Data to rerankers: find candidates, train a teacher and a student of it, export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.artifact import sha256_of
from aisle.encoder.export import ExportReport, RerankerExport, export, find_weights
from aisle.encoder.text import TEXT_VERSION
from aisle.evaluation.encoders.fidelity import RerankerFidelity
from aisle.training.common.progress import Progress
from aisle.training.common.run_folder import run_key, starting_point
from aisle.training.common.settings import check_name, as_plain_json
from aisle.training.cross_encoder.candidates import (
    calibration_pairs,
    candidates_hash,
    mined_candidates,
    run_candidates,
)
from aisle.training.cross_encoder.reranker import (
    RerankerSettings,
    TrainedReranker,
    layer_count,
    train_reranker,
)
from aisle.training.cross_encoder.teacher import TeacherSettings, train_teacher
from aisle.training.data.negatives import Candidates
from aisle.training.data.sources import SourceKind, kept_apart, read_training_set
from aisle.training.data.training_set import TrainingSet


@dataclass(frozen=True, slots=True)
class RerankerPlan:
    """What ``aisle train reranker`` does.

    Attributes:
        data: BEIR folder; learns from its split ``train``.
        check: BEIR folder whose split ``dev`` is held out, or None.
        name: of the artifact.
        work: folder of the run. Models in it are named by all that decided them: what is there already is
            not trained again.
        settings: of the reranker; teacher_settings: of the teacher.
        teacher: folder of a cross-encoder to learn from instead of training one.
        encoder: reference of a dense artifact that finds candidates beside BM25.
        runs: saved runs of the legs for the training queries, instead of mining.
        with_teacher: export the teacher too, as ``<name>-teacher``, for a cascade.
        measure: compare INT8 with fp32.

    Raises:
        InputError: a name that no artifact can have.
    """

    data: Path
    check: Path | None
    name: str
    work: Path
    settings: RerankerSettings
    teacher_settings: TeacherSettings
    teacher: Path | None = None
    encoder: str | None = None
    runs: tuple[Path, ...] = ()
    with_teacher: bool = False
    measure: bool = True

    def __post_init__(self) -> None:
        check_name(self.name)

    def run(self, store: ArtifactStore, progress: Progress) -> tuple[TrainedReranker, list[ExportReport]]:
        """Train and export; the reranker's report comes first.

        Raises:
            InputError: bad data, models or settings.
            ArtifactNotFound: no such encoder.
            MissingExtra: the extra ``train`` is not installed.
        """
        if self.teacher is not None:
            # Before minutes of mining.
            layer_count(self.teacher)
        data = read_training_set(SourceKind.JUDGMENTS, self.data)
        if self.check is not None:
            data = kept_apart(data, self.check)
        candidates = self._candidates(data, store, progress)
        key = {"data": data.data_hash, "text": TEXT_VERSION, "candidates": candidates_hash(candidates)}
        stages = 1 + (self.teacher is None)
        taught_by = self.teacher or self._train_teacher(data, candidates, key, stages, progress)
        progress.stage("reranker", stages, stages)
        base = sha256_of(taught_by / "model.safetensors")
        folder = self._place("reranker", {**key, "settings": self.settings.as_dict(), "teacher": base})
        trained = TrainedReranker.read(folder) if folder.exists() else None
        if trained is None:
            trained = train_reranker(data, candidates, taught_by, self.settings, folder, progress)
        options = RerankerExport(
            model=str(trained.folder),
            base_model=self._origin(),
            name=self.name,
            training={**self.settings.as_dict(), "teacher": self._taught_how(), "ran": trained.as_dict()},
            data_hash=data.data_hash,
            calibration=calibration_pairs(data, candidates),
        )
        fidelity = RerankerFidelity() if self.measure else None
        reports = [export(options, store, progress.note, fidelity=fidelity)]
        if self.with_teacher:
            whole = replace(options, model=str(taught_by), name=f"{self.name}-teacher")
            reports.append(export(whole, store, progress.note, fidelity=fidelity))
        return trained, reports

    def _candidates(self, data: TrainingSet, store: ArtifactStore, progress: Progress) -> Candidates:
        if self.runs:
            return run_candidates(self.runs, data)
        encoder = DenseEncoder.load(self.encoder, store=store) if self.encoder else None
        return mined_candidates(data, encoder, progress)

    def _train_teacher(
        self,
        data: TrainingSet,
        candidates: Candidates,
        key: Mapping[str, str],
        stages: int,
        progress: Progress,
    ) -> Path:
        progress.stage("teacher", 1, stages)
        base = starting_point(self.teacher_settings.base)
        weights = sha256_of(find_weights(base, self.teacher_settings.revision).folder / "model.safetensors")
        settings = replace(self.teacher_settings, base=base)
        decided = {**as_plain_json(asdict(settings)), "base": weights, "revision": None}
        folder = self._place("teacher", {**key, "settings": decided})
        if folder.exists():
            progress.note("the teacher is there already")
        else:
            train_teacher(data, candidates, settings, folder, progress.step)
        return folder

    def _origin(self) -> str:
        """What the weights derive from, by name: a path of this machine is none."""
        if self.teacher is not None:
            return self.teacher.resolve().name
        base = self.teacher_settings.base
        source = find_weights(starting_point(base), self.teacher_settings.revision)
        return source.model if starting_point(base) == base else base

    def _taught_how(self) -> dict[str, Any]:
        if self.teacher is not None:
            return {"given": self._origin()}
        return {**as_plain_json(asdict(self.teacher_settings)), "base": self._origin()}

    def _place(self, name: str, decided: Mapping[str, Any]) -> Path:
        return self.work / f"{name}-{run_key(decided)[:8]}"
