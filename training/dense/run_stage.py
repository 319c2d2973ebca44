"""One stage from a model's folder to another: examples, tokens, training, saving."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from records import InputError
from training.dense.base_model import BaseModel, open_model, save_model
from training.dense.collator import Collator
from training.dense.disk import require_room, unwritable
from training.dense.encode import encode
from training.dense.examples import Examples
from training.dense.ledger import StageRecord
from training.dense.losses import stage_loss
from training.dense.precision import Precision
from training.dense.progress import Progress
from training.dense.remembered import Remembered
from training.dense.settings import TrainingSettings
from training.dense.stage import Context, Outcome, Schedule, Stage
from training.dense.tokens import TokenTable
from training.dense.trainer import train_stage
from training.pairs.training_set import TrainingSet

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@dataclass(frozen=True, slots=True)
class Run:
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


def run_stage(run: Run, stage: Stage, position: int, key: str, start: Path) -> StageRecord:
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
            bf16=run.settings.precision.on(run.device) is Precision.BF16,
            encode=Remembered(_encoder(run, model)),
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
    run: Run,
    model: SentenceTransformer,
    name: str,
    seed: int,
    examples: Examples,
    schedule: Schedule,
    part: int = 0,
) -> Outcome:
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
    return Outcome(len(examples), trained.steps, trained.losses, cut)


def _tokens(run: Run, queries: Sequence[str], items: Sequence[str]) -> Collator:
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


def _encoder(run: Run, model: SentenceTransformer) -> partial[NDArray[np.float32]]:
    longest = max(run.query_tokens, run.item_tokens)
    return partial(encode, model, run.base.prefixes, longest, run.settings.precision.on(run.device))
