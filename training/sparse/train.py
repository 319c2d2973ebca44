"""Training of a sparse encoder on pairs and mined negatives (SPLADE; Formal et al. 2021, 2109.10086)."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from encoder.dense import TOKENIZER
from encoder.text import TEXT_VERSION
from records import InputError
from records.extras import optional
from training.dense.base_model import BaseModel, find_base, open_model
from training.dense.precision import Precision, best_device
from training.dense.quiet import quiet
from training.dense.starting_point import starting_point
from training.dense.tokens import TokenTable
from training.negatives.candidates import Candidates
from training.pairs.training_set import TrainingSet
from training.sparse.lessons import lessons
from training.sparse.settings import SparseSettings
from training.sparse.trained import TrainedSparse

if TYPE_CHECKING:
    from training.sparse.model import Splade

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
    from training.sparse.checkpoint import Checkpoint
    from training.sparse.fit import fit
    from training.sparse.model import Splade
    from training.sparse.start import first_head

    base = _base(settings)
    epochs = lessons(training_set, candidates, settings, base)
    checkpoint = Checkpoint(
        folder.with_name(f"{folder.name}.checkpoint"), _key(settings, base, training_set.data_hash)
    )
    if not resume:
        checkpoint.remove()
    device = best_device()
    bf16 = settings.precision.on(device) is Precision.BF16
    texts = [base.prefixes.item + text for text in training_set.items.values()]
    catalogue = TokenTable.of(texts, base.tokenizer, min(settings.max_tokens, base.max_length))
    started = time.perf_counter()
    with quiet():
        bert = open_model(base.folder, device)[0].auto_model
        head = first_head(bert, base, catalogue, settings)
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
