"""How a stage is fitted: its schedule and settings, its batches, and sentence-transformers' trainer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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

from aisle._environment import optional
from aisle.encoder.tokenizer import padded
from aisle.errors import InputError
from aisle.training.common.machine import seed_all
from aisle.training.common.progress import Progress
from aisle.training.common.settings import Rule, RunSettings
from aisle.training.common.trainer import (
    PlannedBatches,
    StepProgress,
    last_checkpoint,
    logged_losses,
    trainer_arguments,
)
from aisle.training.data.examples import Examples, TokenTable, batch_count, plan_epoch

WIDTHS = (384, 256, 128, 64, 32)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast a stage is trained.

    Attributes:
        epochs: times that every pair is seen, not necessarily whole.
        learning_rate: its peak, after the warmup; it falls linearly to 0.
        batch: rows of a batch, each with the items of all others as negatives.

    Raises:
        InputError: a value that cannot be used.
    """

    epochs: float
    learning_rate: float
    batch: int

    def __post_init__(self) -> None:
        if not (self.epochs > 0 and self.learning_rate > 0 and self.batch >= 2):
            raise InputError(
                f"a stage cannot run with {self}",
                fix="give epochs and learning rate over 0, a batch of 2 or more",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSettings(RunSettings):
    """What all stages of a dense training share.

    Attributes:
        widths: Matryoshka widths; those wider than the model are skipped, its own width is put first.
        width_weights: weight of each width's loss, by width; a width that is not named weighs 1. An index
            holds 64 dimensions unless told otherwise, so these count twice.
        scale: 1 / temperature of the softmax over in-batch negatives.
        mini_batch: rows that go through the model at a time, fewer if long (``losses.TOKENS_AT_ONCE``);
            a larger batch is split by GradCache (Gao et al. 2021, arXiv 2101.06983).
        query_tokens: longest query, in tokens; at most what the model takes.
        item_tokens: longest item.
        dropout: of hidden states and attention. A few epochs do not overfit, and drawing the masks takes a
            quarter of a step on a CPU (Intel Xeon, 2 cores).
        checkpoint_steps: steps between checkpoints, from which an interrupted stage is resumed.
    """

    widths: tuple[int, ...] = WIDTHS
    width_weights: tuple[tuple[int, float], ...] = ((64, 2.0),)
    scale: float = 20.0
    mini_batch: int = 256
    query_tokens: int = 128
    item_tokens: int = 128
    dropout: float = 0.0
    checkpoint_steps: int = 100
    seed: int = 7

    def rules(self) -> Iterable[Rule]:
        """What values must satisfy."""
        return (
            *RunSettings.rules(self),
            ("widths", bool(self.widths) and min(self.widths) >= 1, "one or more widths of 1 or more"),
            ("width_weights", all(w >= 0 for _, w in self.width_weights), "weights of 0 or more"),
            ("scale", self.scale > 0, "more than 0"),
            ("mini_batch", self.mini_batch >= 1, "1 or more"),
            ("query_tokens", self.query_tokens >= 3, "3 or more"),
            ("item_tokens", self.item_tokens >= 3, "3 or more"),
            ("dropout", 0 <= self.dropout < 1, "0 to less than 1"),
            ("checkpoint_steps", self.checkpoint_steps >= 1, "1 or more"),
        )

    def widths_of(self, full: int) -> dict[int, float]:
        """Width to weight for a model of that full width, which comes first."""
        weights = dict(self.width_weights)
        kept = sorted({full, *(width for width in self.widths if width < full)}, reverse=True)
        return {width: weights.get(width, 1.0) for width in kept}


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
