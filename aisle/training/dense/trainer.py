"""One stage on sentence-transformers' trainer: AdamW, warmup, clipping, checkpoints, nothing reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.base.sampler import DefaultBatchSampler
from torch import nn

from aisle._extras import optional
from aisle.encoder.tokenizer import padded
from aisle.training.common.machine import seed_all
from aisle.training.common.progress import Progress
from aisle.training.common.tokens import TokenTable
from aisle.training.common.trainer import (
    PlannedBatches,
    StepProgress,
    last_checkpoint,
    logged_losses,
    trainer_arguments,
)
from aisle.training.data.examples import Examples, batch_count, plan_epoch
from aisle.training.dense.schedule import Schedule, StageSettings

QUERY = "query"
LABEL = "label"


@dataclass(frozen=True, slots=True)
class Collator:
    """For every column ``<column>_input_ids`` and ``<column>_attention_mask``, int64 [rows, longest].

    Attributes:
        queries: token ids by number.
        items: token ids by number.
        valid_label_columns: what the trainer asks a collator for.
    """

    queries: TokenTable
    items: TokenTable
    valid_label_columns: list[str] = field(default_factory=lambda: [LABEL])

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        """One batch."""
        batch: dict[str, torch.Tensor] = {}
        for column in rows[0]:
            values = [row[column] for row in rows]
            if column == LABEL:
                batch[column] = torch.tensor(values, dtype=torch.float32)
                continue
            table = self.queries if column == QUERY else self.items
            ids, lengths = padded([table.ids[number] for number in values])
            batch[f"{column}_input_ids"] = torch.from_numpy(ids)
            mask = np.arange(ids.shape[1]) < lengths[:, None]
            batch[f"{column}_attention_mask"] = torch.from_numpy(mask.astype(np.int64))
        return batch


class SampledTrainer(PlannedBatches, SentenceTransformerTrainer):
    """The library's, with our batches."""


class LikeLengthSampler(DefaultBatchSampler):
    """Batches of like length, no false negatives. The trainer calls ``set_epoch``, also after a resume."""

    def __init__(self, examples: Examples, lengths: Sequence[int], size: int, seed: int) -> None:
        super().__init__(range(len(examples)), batch_size=size, drop_last=False, seed=seed)
        self._examples = examples
        self._lengths = lengths

    def __iter__(self) -> Iterator[list[int]]:
        yield from plan_epoch(self._examples, self._lengths, self.batch_size, self.seed, self.epoch)

    def __len__(self) -> int:
        return batch_count(len(self._examples), self.batch_size)


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
    settings: StageSettings,
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
    last = last_checkpoint(checkpoints)
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    return Trained(trainer.state.global_step, logged_losses(trainer.state))


def row_lengths(examples: Examples, texts: Collator) -> list[int]:
    """Tokens that decide which rows share a batch: of the side that is the longer one on the whole.

    That is a row's longest candidate where queries are short, and the query where it is a review.
    """
    items, queries = texts.items.lengths, texts.queries.lengths
    longest = [max(items[item] for item in row) for row in examples.candidates]
    asked = [queries[query] for query in examples.query]
    return asked if sum(asked) > sum(longest) else longest


def _dataset(examples: Examples) -> Any:
    columns: dict[str, Any] = {QUERY: list(examples.query)}
    for place, column in enumerate(zip(*examples.candidates, strict=True)):
        columns[f"candidate_{place}"] = list(column)
    if examples.teaching is not None:
        columns[LABEL] = [list(scores) for scores in examples.teaching.scores]
    return optional("datasets", extra="train").Dataset.from_dict(columns)


def _arguments(
    settings: StageSettings, schedule: Schedule, device: str, folder: Path, seed: int, per_epoch: int
) -> SentenceTransformerTrainingArguments:
    return SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        num_train_epochs=schedule.epochs,
        learning_rate=schedule.learning_rate,
        per_device_train_batch_size=schedule.batch,
        seed=seed,
        save_strategy="steps",
        save_steps=settings.checkpoint_steps,
        save_total_limit=1,
        logging_steps=max(1, int(per_epoch * schedule.epochs) // _LOGGED),
        **trainer_arguments(settings, device),
    )
