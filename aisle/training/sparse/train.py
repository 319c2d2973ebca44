"""Training of a sparse encoder on pairs and mined negatives (SPLADE; Formal et al. 2021, 2109.10086)."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aisle._environment import optional
from aisle.encoder import ArtifactStore
from aisle.encoder.artifact import QUERY_HASHES, TOKENIZER
from aisle.encoder.export import ExportReport, SparseExport, export
from aisle.encoder.export.torch_model import silenced_libraries
from aisle.encoder.text import TEXT_VERSION
from aisle.evaluation.encoders.fidelity import SparseFidelity
from aisle.evaluation.seen import query_sketch
from aisle.training.common.base_model import BaseModel, find_base, open_model
from aisle.training.common.job import TrainingJob
from aisle.training.common.machine import TrainingPrecision, best_device, machine_note, where
from aisle.training.common.progress import Progress, Silent
from aisle.training.common.run_folder import (
    StageRecord,
    TrainingKind,
    TrainingRun,
    folder_in_one_step,
    require_room,
)
from aisle.training.data.examples import TokenTable
from aisle.training.data.negatives import Candidates
from aisle.training.data.sources import TRAIN, judged_pairs, kept_apart
from aisle.training.data.training_set import TrainingSet, calibration_texts
from aisle.training.sparse.phases import training_phases
from aisle.training.sparse.settings import SparseSettings

if TYPE_CHECKING:
    from aisle.training.sparse.model import Splade

STAGE = "sparse"


@dataclass(frozen=True, slots=True)
class TrainedSparse:
    """A sparse encoder on disk.

    Attributes:
        folder: a BERT checkpoint with its tokenizer and ``sparse.safetensors``: ``aisle.encoder.export``
            takes it.
        settings: of the run.
        base: what it began with.
        data_hash: of the training set.
        record: how the training went.
        device: where.
    """

    folder: Path
    settings: SparseSettings
    base: BaseModel
    data_hash: str
    record: StageRecord
    device: str

    @property
    def losses(self) -> tuple[float, ...]:
        """Mean ranking loss of every part of the run, in order."""
        return tuple(loss for _, loss in self.record.losses)

    @property
    def active_items(self) -> float:
        """Tokens of an item with a weight, mean at the end of the run."""
        return self.record.evaluation["active_items"]

    @property
    def steps(self) -> int:
        """Of the optimizer."""
        return self.record.steps

    @property
    def seconds(self) -> float:
        """Of the training alone."""
        return self.record.seconds

    def as_dict(self) -> dict[str, Any]:
        """What the artifact's manifest keeps: settings and what ran, without a folder of this machine."""
        ran = {
            "device": self.device,
            "on": self.record.ran_on,
            "rows": self.record.rows,
            "steps": self.steps,
            "seconds": round(self.seconds, 1),
            "loss_first": round(self.losses[0], 4),
            "loss_last": round(self.losses[-1], 4),
            **{name: round(value, 1) for name, value in self.record.evaluation.items()},
        }
        known = {"base": self.base.name, "revision": self.base.revision}
        return {**self.settings.as_dict(), **known, "ran": ran}

    def export_options(self, name: str, training_set: TrainingSet, **more: Any) -> SparseExport:
        """How to export it: what the folder alone does not tell."""
        return SparseExport(
            model=str(self.folder),
            base_model=self.base.name,
            name=name,
            max_length=self.base.max_length,
            prefixes=self.base.prefixes,
            training={**self.as_dict(), QUERY_HASHES: query_sketch(training_set.queries.values())},
            data_hash=self.data_hash,
            calibration=tuple(calibration_texts(training_set, self.base.prefixes)),
            **more,
        )


def train_sparse(
    training_set: TrainingSet,
    candidates: Candidates | None,
    settings: SparseSettings,
    folder: Path,
    *,
    resume: bool = False,
    progress: Progress | None = None,
) -> TrainedSparse:
    """Train and save a sparse encoder. What is finished stays in ``folder``, whatever happens later.

    Args:
        training_set: pairs, grades and catalogue.
        candidates: to mine negatives from; None asks BM25.
        settings: all that decides the outcome.
        folder: the work folder: the model, the state after the last whole epoch, and ``training.json``.
        resume: continue the run that ``folder`` holds after its last whole epoch; a finished one is not
            trained again.
        progress: receives every step.

    Raises:
        InputError: no such backbone, nothing to learn from, a work folder of another run, or a full disk.
        MissingExtra: the extra ``train`` is not installed.
    """
    optional("sentence_transformers", extra="train")
    progress = progress or Silent()
    base = find_base(settings.base, settings.revision)
    decided = {
        "plan": {**settings.as_dict(), "base": base.revision, "revision": None},
        "data": training_set.data_hash,
        "text": TEXT_VERSION,
    }
    run = TrainingRun.open(folder, TrainingKind.SPARSE, decided, [{"stage": STAGE}], resume=resume)
    device = best_device()
    if run.finished(1) is None:
        progress.stage(STAGE, 1, 1)
        run = run.with_stage(1, _trained(run, training_set, candidates, settings, base, device, progress))
    (record,) = run.stages
    return TrainedSparse(folder / record.folder, settings, base, training_set.data_hash, record, device)


def _trained(
    run: TrainingRun,
    training_set: TrainingSet,
    candidates: Candidates | None,
    settings: SparseSettings,
    base: BaseModel,
    device: str,
    progress: Progress,
) -> StageRecord:
    # Here, since they import torch.
    from aisle.training.sparse.fit import fit
    from aisle.training.sparse.head import init_head
    from aisle.training.sparse.model import Splade

    started = time.perf_counter()
    require_room(run.folder, base.folder)
    epochs = training_phases(training_set, candidates, settings, base)
    texts = [base.prefixes.item + text for text in training_set.items.values()]
    catalogue = TokenTable.of(texts, base.tokenizer, min(settings.max_tokens, base.max_length))
    place = run.place(1, STAGE)
    with silenced_libraries():
        bert = open_model(base.folder, device)[0].auto_model
        head = init_head(bert, base, catalogue, settings)
        bf16 = settings.precision.on(device) is TrainingPrecision.BF16
        model = Splade(bert, head, bf16, settings.leak).to(device)
        done = fit(model, epochs, settings, run.checkpoints(place), progress)
        _save(model, base, run.folder / place)
    return StageRecord(
        key=run.keys[0],
        name=STAGE,
        folder=place,
        rows=len(epochs[-1].examples),
        steps=done.steps,
        seconds=time.perf_counter() - started,
        losses=done.losses,
        evaluation={"active_items": done.active_items, "active_queries": done.active_queries},
        ran_on=where(device),
    )


def _save(model: Splade, base: BaseModel, folder: Path) -> None:
    with folder_in_one_step(folder) as staged:
        model.bert.save_pretrained(str(staged))
        model.head().save(staged)
        # The very file that training read and serving will read.
        shutil.copyfile(base.tokenizer, staged / TOKENIZER)


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseJob(TrainingJob[TrainedSparse, ExportReport]):
    """What ``aisle train sparse`` does.

    Attributes:
        data: BEIR folder; its split ``train`` is learned from.
        settings: of the training.
    """

    data: Path
    settings: SparseSettings

    def run(
        self, store: ArtifactStore, *, resume: bool, measure: bool, progress: Progress
    ) -> tuple[TrainedSparse, ExportReport]:
        """Train and export.

        Raises:
            InputError: bad data, a base model that cannot be exported, or a work folder of another run.
            MissingExtra: the extra ``train`` is not installed.
        """
        progress.phase("reading the training data")
        data = judged_pairs(self.data, TRAIN)
        if self.held_out is not None:
            data = kept_apart(data, self.held_out)
        progress.note(machine_note(self.settings.precision))
        trained = train_sparse(data, None, self.settings, self.folder, resume=resume, progress=progress)
        progress.phase("exporting and measuring the artifact" if measure else "exporting the artifact")
        options = trained.export_options(self.name, data)
        fidelity = SparseFidelity(options.calibration) if measure else None
        return trained, export(options, store, progress.note, fidelity=fidelity)
