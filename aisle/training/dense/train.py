"""A training set to an encoder: the stages of the settings, one after another, each saved when it is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aisle.catalogue.judged import read_judged
from aisle.encoder import ArtifactStore
from aisle.encoder.artifact import QUERY_HASHES
from aisle.encoder.export import DenseExport, ExportReport, export
from aisle.encoder.export.torch_model import silenced_libraries
from aisle.encoder.text import TEXT_VERSION
from aisle.errors import InputError
from aisle.evaluation.encoders.fidelity import DenseFidelity
from aisle.evaluation.seen import query_sketch
from aisle.training.common.base_model import BaseModel, find_base, open_model, save_model
from aisle.training.common.job import TrainingJob
from aisle.training.common.machine import best_device, machine_note, where
from aisle.training.common.progress import Progress, Silent
from aisle.training.common.run_folder import StageRecord, TrainingKind, TrainingRun, require_room
from aisle.training.data.sources import SourceKind, kept_apart, read_training_set
from aisle.training.data.training_set import TrainingSet, calibration_texts
from aisle.training.dense.encode import TorchEncoder
from aisle.training.dense.settings import TrainingSettings
from aisle.training.dense.stage import Context, TrainingStage

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@dataclass(frozen=True, slots=True)
class TrainedEncoder:
    """A trained model on disk.

    Attributes:
        folder: the model in sentence-transformers' layout, ready for ``aisle.encoder.export``.
        history: a record per stage, with its losses and evaluation.
        settings: of the run.
        base: what it started from.
        widths: Matryoshka widths, full width first.
        data_hash: of the training set.
        seconds: of all stages.
        device: where it ran.
        precision: in which.
    """

    folder: Path
    history: tuple[StageRecord, ...]
    settings: TrainingSettings
    base: BaseModel
    widths: tuple[int, ...]
    data_hash: str
    seconds: float
    device: str
    precision: str

    def as_dict(self) -> dict[str, Any]:
        """What the artifact's manifest keeps: settings and what ran, without a folder of this machine."""
        stages = [
            {
                "stage": done.name,
                "rows": done.rows,
                "steps": done.steps,
                "seconds": round(done.seconds, 1),
                "on": done.ran_on,
            }
            for done in self.history
        ]
        return {
            **self.settings.as_dict(),
            "base": self.base.name,
            "revision": self.base.revision,
            "widths": list(self.widths),
            "ran": {"device": self.device, "precision": self.precision, "stages": stages},
        }

    def export_options(self, name: str, training_set: TrainingSet, **more: Any) -> DenseExport:
        """How to export it: what the folder alone does not tell (prefixes, lengths, widths, texts, data)."""
        return DenseExport(
            model=str(self.folder),
            base_model=self.base.name,
            name=name,
            max_length=self.base.max_length,
            query_prefix=self.base.prefixes.query,
            item_prefix=self.base.prefixes.item,
            widths=self.widths,
            training={**self.as_dict(), QUERY_HASHES: query_sketch(training_set.queries.values())},
            data_hash=self.data_hash,
            calibration=tuple(calibration_texts(training_set, self.base.prefixes)),
            **more,
        )


Evaluate = Callable[["SentenceTransformer", str], Mapping[str, float]]
"""(model after a stage, the stage's name) -> figures, kept in the history."""


def train_encoder(
    training_set: TrainingSet,
    settings: TrainingSettings,
    folder: Path,
    *,
    resume: bool = False,
    evaluate: Evaluate | None = None,
    progress: Progress | None = None,
    device: str | None = None,
) -> TrainedEncoder:
    """Train all stages. What is finished stays in ``folder``, whatever happens later.

    Args:
        training_set: pairs, catalogue and grades.
        settings: what to do with them.
        folder: the work folder: a model per stage, checkpoints of the current one, and ``training.json``.
        resume: continue the run that ``folder`` holds; finished stages that are wanted as they were trained
            are not trained again. Later ones may differ from what the run was begun with.
        evaluate: measures the model after each stage.
        progress: receives stages, steps and remarks.
        device: of torch, default a GPU if there is one.

    Raises:
        InputError: a base model that could not be exported later, a stage without examples, a work folder of
            another run, or a full disk.
        MissingExtra: the extra ``train`` is not installed.
    """
    progress = progress or Silent()
    device = device or best_device()
    base = find_base(settings.base, settings.revision)
    data_hash = training_set.data_hash
    plan = {**settings.as_dict(), "base": base.revision, "revision": None}
    stages = plan.pop("stages")
    decided = {"plan": plan, "data": data_hash, "text": TEXT_VERSION}
    run = TrainingRun.open(folder, TrainingKind.ENCODER, decided, stages, resume=resume)
    current = base.folder
    with silenced_libraries():
        for position, stage in enumerate(settings.stages, start=1):
            record = run.finished(position)
            if record is None:
                progress.stage(stage.name, position, len(settings.stages))
                context = _context(
                    run, stage, position, current, training_set, settings, base, device, progress
                )
                record = _trained(run, stage, position, context)
                run = run.with_stage(position, record)
            current = folder / record.folder
            if evaluate and not record.evaluation:
                figures = dict(evaluate(open_model(current, device), stage.name))
                run = run.with_stage(position, replace(record, evaluation=figures))
    return TrainedEncoder(
        folder=current,
        history=run.stages,
        settings=settings,
        base=base,
        widths=tuple(settings.widths_of(base.width)),
        data_hash=data_hash,
        seconds=sum(record.seconds for record in run.stages),
        device=device,
        precision=settings.precision.on(device).value,
    )


def _context(
    run: TrainingRun,
    stage: TrainingStage,
    position: int,
    start: Path,
    data: TrainingSet,
    settings: TrainingSettings,
    base: BaseModel,
    device: str,
    progress: Progress,
) -> Context:
    """The model of the stage before, opened, and all that this stage needs beside it."""
    require_room(run.folder, start)
    place = run.place(position, stage.name)
    model = open_model(start, device, settings.dropout)
    longest = min(max(settings.query_tokens, settings.item_tokens), base.max_length)
    return Context(
        name=place,
        model=model,
        base=base,
        data=data,
        settings=settings,
        seed=settings.seed + position,
        encoder=TorchEncoder(model, base.prefixes, longest, settings.precision.on(device)),
        start=start,
        folder=run.folder / "parts" / place,
        checkpoints=run.checkpoints(place),
        progress=progress,
    )


def _trained(run: TrainingRun, stage: TrainingStage, position: int, context: Context) -> StageRecord:
    """The new model appears whole in the work folder, or not at all."""
    began = time.perf_counter()
    done = stage.train(context)
    save_model(context.model, context.base, run.folder / context.name)
    return StageRecord(
        key=run.keys[position - 1],
        name=stage.name,
        folder=context.name,
        rows=done.rows,
        steps=done.steps,
        seconds=time.perf_counter() - began,
        losses=done.losses,
        truncated=done.truncated,
        ran_on=where(context.model.device.type),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderJob(TrainingJob[TrainedEncoder, ExportReport]):
    """What ``aisle train encoder`` does. One of ``data``, ``reviews`` and ``sequences`` is given.

    Attributes:
        data: BEIR folder; its split ``train`` is learned from.
        reviews: folder of reviews.
        sequences: folder of user sequences and a catalogue.
        masked: learn only from reviews without the words of their item's text.
        settings: of the training.

    Raises:
        InputError: no source or several.
    """

    data: Path | None = None
    reviews: Path | None = None
    sequences: Path | None = None
    masked: bool = False
    settings: TrainingSettings

    def __post_init__(self) -> None:
        if len(self._sources()) != 1:
            raise InputError(
                f"{len(self._sources())} sources of training data",
                fix="give one of --data, --reviews and --sequences",
            )
        TrainingJob.__post_init__(self)

    def _sources(self) -> list[tuple[SourceKind, Path]]:
        given = (
            (SourceKind.JUDGMENTS, self.data),
            (SourceKind.REVIEWS, self.reviews),
            (SourceKind.SEQUENCES, self.sequences),
        )
        return [(kind, folder) for kind, folder in given if folder is not None]

    def run(
        self, store: ArtifactStore, *, resume: bool, measure: bool, progress: Progress
    ) -> tuple[TrainedEncoder, ExportReport]:
        """Train and export; with ``held_out``, INT8 is compared with fp32 on its judgments too.

        Raises:
            InputError: bad data, a base model that cannot be exported, a work folder of another run.
            MissingExtra: the extra ``train`` is not installed.
        """
        progress.phase("reading the training data")
        ((kind, folder),) = self._sources()
        data = read_training_set(kind, folder, masked=self.masked)
        if self.held_out is not None:
            data = kept_apart(data, self.held_out)
        if data.dropped:
            progress.note("left out: " + ", ".join(f"{n:,} ({why})" for why, n in data.dropped.items()))
        progress.note(machine_note(self.settings.precision))
        trained = train_encoder(data, self.settings, self.folder, resume=resume, progress=progress)
        progress.phase("exporting and measuring the artifact" if measure else "exporting the artifact")
        judged = read_judged(self.held_out) if measure and self.held_out else None
        fidelity = DenseFidelity(judged) if measure else None
        options = trained.export_options(self.name, data)
        return trained, export(options, store, progress.note, fidelity=fidelity)
