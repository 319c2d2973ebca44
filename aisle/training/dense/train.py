"""A training set to an encoder: the stages of the settings, one after another, each saved when it is done."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from aisle._extras import optional
from aisle.encoder.artifact import Prefixes
from aisle.encoder.export import DenseExport
from aisle.encoder.text import TEXT_VERSION
from aisle.errors import InputError
from aisle.training.common.base_model import BaseModel, find_base, open_model, save_model
from aisle.training.common.progress import Progress, Silent, silenced_libraries
from aisle.training.common.run_folder import (
    StageRecords,
    StageRecord,
    require_room,
    run_key,
    stage_keys,
    unwritable,
)
from aisle.training.common.settings import TrainingPrecision, best_device
from aisle.training.common.tokens import TokenTable
from aisle.training.data.training_set import TrainingSet, calibration_texts
from aisle.training.dense.encode import CachedEncode, encode
from aisle.training.data.examples import Examples
from aisle.training.dense.losses import stage_loss
from aisle.training.dense.settings import TrainingSettings
from aisle.training.dense.stage import Context, StageOutcome, Schedule, TrainingStage
from aisle.training.dense.trainer import Collator, train_stage

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@dataclass(frozen=True, slots=True)
class TrainedEncoder:
    """A trained model on disk.

    Attributes:
        folder: the model in sentence-transformers' layout, ready for ``aisle.encoder.export``.
        history: a record per stage, with its losses and evaluation.
        settings: of the run; base: what it started from; widths: Matryoshka widths, full width first.
        data_hash: of the training set; seconds: of all stages; device, precision: where it ran and how.
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
            {"stage": done.name, "rows": done.rows, "steps": done.steps, "seconds": round(done.seconds, 1)}
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
            prefixes=self.base.prefixes,
            widths=self.widths,
            training=self.as_dict(),
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
        folder: the work folder: a model per stage, checkpoints of the current one, and the ledger.
        resume: go on with the run that ``folder`` holds; finished stages that are wanted as they were trained
            are not trained again. Later ones may differ from what the run was begun with.
        evaluate: measures the model after each stage.
        progress: is told of stages, steps and remarks.
        device: of torch, default a GPU if there is one.

    Raises:
        InputError: a base model that could not be exported later, a stage without examples, a work folder of
            another run, or a full disk.
        MissingExtra: the extra ``train`` is not installed.
    """
    optional("sentence_transformers", extra="train")
    # Here, since it imports torch.

    base = find_base(settings.base, settings.revision)
    run = TrainingContext(training_set, settings, base, folder, device or best_device(), progress or Silent())
    data_hash = training_set.data_hash
    plan = {**settings.as_dict(), "base": base.revision, "revision": None}
    stages = plan.pop("stages")
    key = run_key({"plan": plan, "data": data_hash, "text": TEXT_VERSION})
    keys = stage_keys(key, stages)
    ledger = StageRecords.open(folder, key, keys, resume=resume)
    current = base.folder
    with silenced_libraries():
        for position, stage in enumerate(settings.stages, start=1):
            if position > len(ledger.stages):
                run.progress.stage(stage.name, position, len(settings.stages))
                ledger = ledger.with_stage(
                    position, run_stage(run, stage, position, keys[position - 1], current)
                )
            record = ledger.stages[position - 1]
            current = folder / record.folder
            if evaluate and not record.evaluation:
                figures = dict(evaluate(open_model(current, run.device), stage.name))
                ledger = ledger.with_stage(position, replace(record, evaluation=figures))
    return TrainedEncoder(
        folder=current,
        history=ledger.stages,
        settings=settings,
        base=base,
        widths=tuple(settings.widths_of(base.width)),
        data_hash=data_hash,
        seconds=sum(record.seconds for record in ledger.stages),
        device=run.device,
        precision=settings.precision.on(run.device).value,
    )


@dataclass(frozen=True, slots=True)
class TrainingContext:
    """What all stages of a run share."""

    data: TrainingSet
    settings: TrainingSettings
    base: BaseModel
    folder: Path
    device: str
    progress: Progress

    @property
    def query_tokens(self) -> int:
        """Longest query."""
        return min(self.settings.query_tokens, self.base.max_length)

    @property
    def item_tokens(self) -> int:
        """Longest item."""
        return min(self.settings.item_tokens, self.base.max_length)


def run_stage(
    run: TrainingContext, stage: TrainingStage, position: int, key: str, start: Path
) -> StageRecord:
    """Train the model of folder ``start``; the new one appears whole in the work folder, or not at all.

    Raises:
        InputError: the stage has no examples, or the disk is full.
    """
    began = time.perf_counter()
    # With the key: what a stage of other settings left here is not taken for this one's.
    name, seed = f"{position}-{stage.name}-{key[:8]}", run.settings.seed + position
    require_room(run.folder, start)
    model = open_model(start, run.device, run.settings.dropout)
    done = stage.train(
        Context(
            model=model,
            widths=tuple(run.settings.widths_of(run.base.width)),
            fit=partial(_fit, run, model, name, seed),
            data=run.data,
            prefixes=run.base.prefixes,
            seed=seed,
            bf16=run.settings.precision.on(run.device) is TrainingPrecision.BF16,
            encode=CachedEncode(_encoder(run, model)),
            start=start,
            folder=run.folder / "parts" / name,
            progress=run.progress,
        )
    )
    save_model(model, run.base, run.folder / name)
    shutil.rmtree(run.folder / "checkpoints" / name, ignore_errors=True)
    seconds = time.perf_counter() - began
    return StageRecord(key, stage.name, name, done.rows, done.steps, seconds, done.losses, done.truncated)


def _fit(
    run: TrainingContext,
    model: SentenceTransformer,
    name: str,
    seed: int,
    examples: Examples,
    schedule: Schedule,
    part: int = 0,
) -> StageOutcome:
    if len(examples) < 2:
        raise InputError(f"stage {name} has {len(examples)} examples", fix="give more data, or leave it out")
    tokens = _tokens(run, examples.queries, examples.items)
    checkpoints = run.folder / "checkpoints" / name / str(part)
    loss = stage_loss(model, run.settings, schedule.batch, examples, tokens)
    try:
        trained = train_stage(
            model, loss, examples, tokens, schedule, run.settings, checkpoints, seed + part, run.progress
        )
    # safetensors has an error of its own for a disk that is full.
    except (OSError, SafetensorError) as error:
        raise unwritable(checkpoints, error) from error
    cut = tokens.queries.truncated + tokens.items.truncated
    return StageOutcome(len(examples), trained.steps, trained.losses, cut)


def _tokens(run: TrainingContext, queries: Sequence[str], items: Sequence[str]) -> Collator:
    collator = Collator(
        TokenTable.of(queries, run.base.tokenizer, run.query_tokens),
        TokenTable.of(items, run.base.tokenizer, run.item_tokens),
    )
    if collator.queries.truncated or collator.items.truncated:
        run.progress.note(
            f"{collator.queries.truncated:,} queries of more than {run.query_tokens} tokens and"
            f" {collator.items.truncated:,} items of more than {run.item_tokens} were cut"
        )
    return collator


def _encoder(run: TrainingContext, model: SentenceTransformer) -> partial[NDArray[np.float32]]:
    longest = max(run.query_tokens, run.item_tokens)
    return partial(encode, model, run.base.prefixes, longest, run.settings.precision.on(run.device))
