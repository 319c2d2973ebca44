"""One stage on sentence-transformers' trainer: AdamW, warmup, clipping, checkpoints, nothing reported."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainingArguments,
)
from torch import nn
from transformers.trainer_callback import PrinterCallback

from records.extras import optional
from training.dense.batches import batch_count
from training.dense.checkpoints import last_checkpoint
from training.dense.collator import LABEL, QUERY, Collator
from training.dense.examples import Examples
from training.dense.precision import Precision
from training.dense.progress import Progress
from training.dense.sampled_trainer import SampledTrainer, StepProgress
from training.dense.sampler import LikeLengthSampler
from training.dense.settings import TrainingSettings
from training.dense.stage import Schedule

_LOGGED = 100
"""Points of a stage's loss history."""


@dataclass(frozen=True, slots=True)
class Trained:
    """Optimizer steps, and (step, mean loss since the last entry)."""

    steps: int
    losses: tuple[tuple[int, float], ...]


def train_stage(
    model: SentenceTransformer,
    loss: nn.Module,
    examples: Examples,
    collator: Collator,
    schedule: Schedule,
    settings: TrainingSettings,
    checkpoints: Path,
    seed: int,
    progress: Progress,
) -> Trained:
    """Train ``model`` in place, on its device; continues at the last whole checkpoint, if there is one."""
    lengths = row_lengths(examples, collator)
    size = min(schedule.batch, len(examples))
    seed_all(seed)
    trainer = SampledTrainer(
        batches=LikeLengthSampler(examples, lengths, size, seed),
        model=model,
        args=_arguments(
            settings, schedule, str(model.device), checkpoints, seed, batch_count(len(examples), size)
        ),
        train_dataset=_dataset(examples),
        loss=loss,
        data_collator=collator,
        callbacks=[StepProgress(progress)],
    )
    trainer.remove_callback(PrinterCallback)
    last = last_checkpoint(checkpoints)
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    history = trainer.state.log_history
    losses = tuple((int(entry["step"]), float(entry["loss"])) for entry in history if "loss" in entry)
    return Trained(trainer.state.global_step, losses)


def row_lengths(examples: Examples, texts: Collator) -> list[int]:
    """Tokens that decide which rows share a batch: of the side that is the longer one on the whole.

    That is a row's longest candidate where queries are short, and the query where it is a review.
    """
    items, queries = texts.items.lengths, texts.queries.lengths
    longest = [max(items[item] for item in row) for row in examples.candidates]
    asked = [queries[query] for query in examples.query]
    return asked if sum(asked) > sum(longest) else longest


def seed_all(seed: int) -> None:
    """Python, NumPy and torch, on all devices."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def _dataset(examples: Examples) -> Any:
    columns: dict[str, Any] = {QUERY: list(examples.query)}
    for place, column in enumerate(zip(*examples.candidates, strict=True)):
        columns[f"candidate_{place}"] = list(column)
    if examples.teaching is not None:
        columns[LABEL] = [list(scores) for scores in examples.teaching.scores]
    return optional("datasets", extra="train").Dataset.from_dict(columns)


def _arguments(
    settings: TrainingSettings, schedule: Schedule, device: str, folder: Path, seed: int, per_epoch: int
) -> SentenceTransformerTrainingArguments:
    shared: Mapping[str, Any] = {
        "num_train_epochs": schedule.epochs,
        "learning_rate": schedule.learning_rate,
        "per_device_train_batch_size": schedule.batch,
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        "warmup_steps": settings.warmup,
        "lr_scheduler_type": "linear",
        "bf16": settings.precision.on(device) is Precision.BF16,
        "use_cpu": device == "cpu",
        "dataloader_pin_memory": device != "cpu",
    }
    return SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        seed=seed,
        save_strategy="steps",
        save_steps=settings.checkpoint_steps,
        save_total_limit=1,
        logging_steps=max(1, int(per_epoch * schedule.epochs) // _LOGGED),
        disable_tqdm=True,
        report_to="none",
        log_level="error",
        **shared,
    )
