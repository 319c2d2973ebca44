"""Data to rerankers: find candidates, train a teacher and a student of it, export."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.artifact import QUERY_HASHES, sha256_of
from aisle.encoder.export import ExportReport, RerankerExport, export, find_weights
from aisle.encoder.export.weights import WeightSource
from aisle.encoder.text import TEXT_VERSION
from aisle.evaluation.encoders.fidelity import RerankerFidelity
from aisle.evaluation.seen import query_sketch
from aisle.training.common.job import TrainingJob
from aisle.training.common.machine import machine_note
from aisle.training.common.progress import Progress
from aisle.training.common.run_folder import (
    StageRecord,
    TrainingKind,
    TrainingRun,
    require_room,
    starting_point,
)
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
    spread_layers,
    train_reranker,
)
from aisle.training.cross_encoder.teacher import TeacherSettings, TrainedCrossEncoder, train_teacher
from aisle.training.data.negatives import Candidates
from aisle.training.data.sources import SourceKind, kept_apart, read_training_set
from aisle.training.data.training_set import TrainingSet

TEACHER, RERANKER = "teacher", "reranker"


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankerJob(TrainingJob[TrainedReranker, list[ExportReport]]):
    """What ``aisle train reranker`` does: two stages, a teacher and the reranker.

    Attributes:
        data: BEIR folder; learns from its split ``train``.
        settings: of the reranker. Its base is set here: the teacher.
        teacher_settings: of the teacher.
        teacher: folder of a cross-encoder to learn from instead of training one.
        encoder: reference of a dense artifact that finds candidates beside BM25.
        runs: saved runs of the legs for the training queries, instead of mining.
        with_teacher: export the teacher too, as ``<name>-teacher``, for a cascade.
    """

    data: Path
    settings: RerankerSettings
    teacher_settings: TeacherSettings
    teacher: Path | None = None
    encoder: str | None = None
    runs: tuple[Path, ...] = ()
    with_teacher: bool = False

    def run(
        self, store: ArtifactStore, *, resume: bool, measure: bool, progress: Progress
    ) -> tuple[TrainedReranker, list[ExportReport]]:
        """Train and export; the reranker's report comes first.

        A resumed run keeps a finished teacher. Other settings of the reranker train the reranker again.

        Raises:
            InputError: bad data, models or settings, or a work folder of another run.
            ArtifactNotFound: no such encoder.
            MissingExtra: the extra ``train`` is not installed.
        """
        origin = self.teacher or self._source().folder
        # Before minutes of mining and of the teacher's training.
        kept = spread_layers(self.settings.layers, layer_count(origin))
        progress.phase("reading the training data")
        data = read_training_set(SourceKind.JUDGMENTS, self.data)
        if self.held_out is not None:
            data = kept_apart(data, self.held_out)
        progress.phase("finding candidates")
        candidates = self._candidates(data, store, progress)
        progress.note(machine_note(self.settings.precision))
        run = self._open(data, candidates, origin, resume=resume)
        if self.teacher is None:
            run = self._with_teacher(run, data, candidates, progress)
        taught_by = self.teacher or run.folder / run.stages[0].folder
        run = self._with_reranker(run, data, candidates, taught_by, progress)
        record = run.stages[-1]
        trained = TrainedReranker(
            folder=run.folder / record.folder,
            history=record.losses,
            lists=record.rows,
            steps=record.steps,
            seconds=record.seconds,
            ran_on=record.ran_on,
            kept=kept,
        )
        progress.phase("exporting and measuring the artifact" if measure else "exporting the artifact")
        return trained, self._exported(trained, taught_by, data, candidates, store, measure, progress)

    def _source(self) -> WeightSource:
        return find_weights(starting_point(self.teacher_settings.base), self.teacher_settings.revision)

    def _candidates(self, data: TrainingSet, store: ArtifactStore, progress: Progress) -> Candidates:
        if self.runs:
            return run_candidates(self.runs, data)
        encoder = DenseEncoder.load(self.encoder, store=store) if self.encoder else None
        return mined_candidates(data, encoder, progress)

    def _open(self, data: TrainingSet, candidates: Candidates, origin: Path, *, resume: bool) -> TrainingRun:
        weights = sha256_of(origin / "model.safetensors")
        teacher: dict[str, Any] = {"base": weights}
        if self.teacher is None:
            teacher = {**self.teacher_settings.as_dict(), "base": weights, "revision": None}
        decided = {
            "data": data.data_hash,
            "text": TEXT_VERSION,
            "candidates": candidates_hash(candidates),
            "teacher": teacher,
        }
        # The base is the teacher, which is decided already.
        own = {**self.settings.as_dict(), "base": None, "revision": None}
        stages = [{"stage": TEACHER}] if self.teacher is None else []
        return TrainingRun.open(
            self.folder, TrainingKind.RERANKER, decided, [*stages, {"stage": RERANKER, **own}], resume=resume
        )

    def _with_teacher(
        self, run: TrainingRun, data: TrainingSet, candidates: Candidates, progress: Progress
    ) -> TrainingRun:
        if run.finished(1) is not None:
            progress.note("the teacher is finished already")
            return run
        progress.stage(TEACHER, 1, 2)
        require_room(run.folder, self._source().folder)
        place = run.place(1, TEACHER)
        done = train_teacher(
            data,
            candidates,
            self.teacher_settings,
            run.emptied(place),
            checkpoints=run.checkpoints(place),
            progress=progress,
        )
        return run.with_stage(1, _record(done, run.keys[0], TEACHER))

    def _with_reranker(
        self,
        run: TrainingRun,
        data: TrainingSet,
        candidates: Candidates,
        taught_by: Path,
        progress: Progress,
    ) -> TrainingRun:
        position = len(run.keys)
        if run.finished(position) is not None:
            return run
        progress.stage(RERANKER, position, position)
        require_room(run.folder, taught_by)
        place = run.place(position, RERANKER)
        done = train_reranker(
            data,
            candidates,
            replace(self.settings, base=str(taught_by)),
            run.emptied(place),
            checkpoints=run.checkpoints(place),
            progress=progress,
        )
        return run.with_stage(position, _record(done, run.keys[-1], RERANKER))

    def _exported(
        self,
        trained: TrainedReranker,
        taught_by: Path,
        data: TrainingSet,
        candidates: Candidates,
        store: ArtifactStore,
        measure: bool,
        progress: Progress,
    ) -> list[ExportReport]:
        origin = self._origin()
        taught: dict[str, Any] = {"given": origin}
        if self.teacher is None:
            taught = {**self.teacher_settings.as_dict(), "base": origin}
        options = RerankerExport(
            model=str(trained.folder),
            base_model=origin,
            name=self.name,
            # Names, and no folder of this machine.
            training={
                **self.settings.as_dict(),
                "base": origin,
                "teacher": taught,
                "ran": trained.as_dict(),
                QUERY_HASHES: query_sketch(data.queries.values()),
            },
            data_hash=data.data_hash,
            calibration=calibration_pairs(data, candidates),
        )
        fidelity = RerankerFidelity() if measure else None
        reports = [export(options, store, progress.note, fidelity=fidelity)]
        if self.with_teacher:
            whole = replace(options, model=str(taught_by), name=f"{self.name}-teacher")
            reports.append(export(whole, store, progress.note, fidelity=fidelity))
        return reports

    def _origin(self) -> str:
        """What the weights derive from, by name: a path of this machine is none."""
        if self.teacher is not None:
            return self.teacher.resolve().name
        base = self.teacher_settings.base
        return self._source().model if starting_point(base) == base else base


def _record(done: TrainedCrossEncoder, key: str, name: str) -> StageRecord:
    return StageRecord(
        key=key,
        name=name,
        folder=done.folder.name,
        rows=done.lists,
        steps=done.steps,
        seconds=done.seconds,
        losses=done.history,
        ran_on=done.ran_on,
    )
