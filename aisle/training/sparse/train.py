"""Training of a sparse encoder on pairs and mined negatives (SPLADE; Formal et al. 2021, 2109.10086)."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aisle._extras import optional
from aisle.encoder.artifact import TOKENIZER
from aisle.encoder.export import SparseExport
from aisle.encoder.text import TEXT_VERSION
from aisle.errors import InputError
from aisle.training.common.base_model import BaseModel, find_base, open_model
from aisle.training.common.progress import silenced_libraries
from aisle.training.common.run_folder import starting_point
from aisle.training.common.settings import TrainingPrecision, best_device
from aisle.training.common.tokens import TokenTable
from aisle.training.data.negatives import Candidates
from aisle.training.data.training_set import TrainingSet, calibration_texts
from aisle.training.sparse.phases import training_phases
from aisle.training.sparse.settings import SparseSettings

if TYPE_CHECKING:
    from aisle.training.sparse.model import Splade


@dataclass(frozen=True, slots=True)
class TrainedSparse:
    """A sparse encoder on disk.

    Attributes:
        folder: a BERT checkpoint with its tokenizer and ``sparse.safetensors``: ``aisle.encoder.export`` takes it.
        settings: of the run; base: what it began with; data_hash: of the training set.
        losses: mean ranking loss of every part of the run, in order.
        active_items, active_queries: tokens with a weight in a text, mean at the end of the run.
        rows, steps: pairs, and optimizer steps.
        seconds: of training alone; device: where.
    """

    folder: Path
    settings: SparseSettings
    base: BaseModel
    data_hash: str
    losses: tuple[float, ...]
    active_items: float
    active_queries: float
    rows: int
    steps: int
    seconds: float
    device: str

    def as_dict(self) -> dict[str, Any]:
        """What the artifact's manifest keeps: settings and what ran, without a folder of this machine."""
        ran = {
            "device": self.device,
            "rows": self.rows,
            "steps": self.steps,
            "seconds": round(self.seconds, 1),
            "loss_first": round(self.losses[0], 4),
            "loss_last": round(self.losses[-1], 4),
            "active_items": round(self.active_items, 1),
            "active_queries": round(self.active_queries, 1),
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
            training=self.as_dict(),
            data_hash=self.data_hash,
            calibration=tuple(calibration_texts(training_set, self.base.prefixes)),
            **more,
        )


StepProgress = Callable[[int, int, float | None], None]
"""(steps done, steps in all, mean loss of late if known)."""


def train_sparse(
    training_set: TrainingSet,
    candidates: Candidates | None,
    settings: SparseSettings,
    folder: Path,
    progress: StepProgress = lambda *_: None,
    *,
    resume: bool = False,
) -> TrainedSparse:
    """Train and save a sparse encoder; ``folder`` appears whole at the end or not at all.

    Beside it, until then, ``<folder>.checkpoint`` holds the last whole epoch.

    Args:
        training_set: pairs, grades and catalogue.
        candidates: to mine negatives from; None asks BM25.
        settings: all that decides the outcome.
        folder: must not exist yet.
        progress: is told of every step.
        resume: go on after the last whole epoch of a run that was interrupted, if there is one.

    Raises:
        InputError: ``folder`` exists, no such backbone, nothing to learn from, or another run's checkpoint.
        MissingExtra: the extra ``train`` is not installed.
    """
    if folder.exists():
        raise InputError(f"{folder} exists already", fix="name a new folder, or remove it")
    optional("sentence_transformers", extra="train")
    # Here, since they import torch.
    from aisle.training.sparse.fit import EpochCheckpoint, fit
    from aisle.training.sparse.head import init_head
    from aisle.training.sparse.model import Splade

    base = _base(settings)
    epochs = training_phases(training_set, candidates, settings, base)
    checkpoint = EpochCheckpoint(
        folder.with_name(f"{folder.name}.checkpoint"), _key(settings, base, training_set.data_hash)
    )
    if not resume:
        checkpoint.remove()
    device = best_device()
    bf16 = settings.precision.on(device) is TrainingPrecision.BF16
    texts = [base.prefixes.item + text for text in training_set.items.values()]
    catalogue = TokenTable.of(texts, base.tokenizer, min(settings.max_tokens, base.max_length))
    started = time.perf_counter()
    with silenced_libraries():
        bert = open_model(base.folder, device)[0].auto_model
        head = init_head(bert, base, catalogue, settings)
        model = Splade(bert, head, bf16, settings.leak).to(device)
        done = fit(model, epochs, settings, checkpoint, progress)
        seconds = time.perf_counter() - started
        _save(model, base, folder)
    checkpoint.remove()
    return TrainedSparse(
        folder=folder,
        settings=settings,
        base=base,
        data_hash=training_set.data_hash,
        losses=done.losses,
        active_items=done.active_items,
        active_queries=done.active_queries,
        rows=len(epochs[-1].examples),
        steps=done.steps,
        seconds=seconds,
        device=device,
    )


def _base(settings: SparseSettings) -> BaseModel:
    place = starting_point(settings.base)
    base = find_base(place, settings.revision)
    # A run of ours is known by its own name, not by that of its last stage's folder.
    return base if place == settings.base else replace(base, name=settings.base)


def _key(settings: SparseSettings, base: BaseModel, data_hash: str) -> str:
    told = {**settings.as_dict(), "base": base.revision, "data": data_hash, "text": TEXT_VERSION}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _save(model: Splade, base: BaseModel, folder: Path) -> None:
    staged = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        staged.mkdir(parents=True)
        model.bert.save_pretrained(str(staged))
        model.head().save(staged)
        # The very file that training read and serving will read.
        shutil.copyfile(base.tokenizer, staged / TOKENIZER)
        staged.replace(folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
