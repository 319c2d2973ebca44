"""The training loop: sentence-transformers' CrossEncoderTrainer, with our batches and losses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from pathlib import Path
from typing import Protocol

from sentence_transformers import CrossEncoder
from sentence_transformers.cross_encoder import CrossEncoderTrainer, CrossEncoderTrainingArguments
from sentence_transformers.cross_encoder.losses import LambdaLoss, ListNetLoss
from torch import nn

from aisle._environment import optional
from aisle.encoder.export.torch_model import silenced_libraries
from aisle.training.common.progress import Progress
from aisle.training.common.trainer import (
    PlannedBatches,
    StepProgress,
    last_checkpoint,
    logged_losses,
    trainer_arguments,
)
from aisle.training.cross_encoder.lists import LabelledList, ListwiseSettings
from aisle.training.data.examples import length_batches


class ListBatches:
    """Batches made beforehand, as a torch DataLoader takes them for its batch sampler."""

    def __init__(self, batches: Sequence[list[int]], size: int) -> None:
        self.batch_size = size
        self.drop_last = False
        self._batches = batches

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)


class ListTrainer(PlannedBatches, CrossEncoderTrainer):
    """The library's, with our batches."""


POOL = 32
"""Batches whose lists are sorted by length together."""

LOGS = 10
"""Times that the loss is reported in a run, at least."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """How a training went: optimizer steps, and (step, mean loss since the last entry)."""

    steps: int
    losses: tuple[tuple[int, float], ...]


def fit(
    model: CrossEncoder,
    epochs: Sequence[Sequence[LabelledList]],
    loss: nn.Module,
    settings: ListwiseSettings,
    checkpoints: Path,
    device: str,
    progress: Progress,
) -> Fitted:
    """Train ``model`` in place, on each epoch's own lists; continues at the last whole checkpoint, if any."""
    lists = list(chain.from_iterable(epochs))
    batches = _batches(epochs, settings)
    dataset = optional("datasets", extra="train").Dataset.from_dict(
        {
            "query": [entry.query for entry in lists],
            "items": [list(entry.items) for entry in lists],
            "label": [list(entry.labels) for entry in lists],
        }
    )
    arguments = CrossEncoderTrainingArguments(
        output_dir=str(checkpoints),
        # The epochs' lists follow one another in the data set: for the trainer it is one epoch.
        num_train_epochs=1,
        per_device_train_batch_size=settings.batch,
        learning_rate=settings.learning_rate,
        seed=settings.seed,
        save_strategy="steps",
        save_steps=settings.checkpoint_steps,
        save_total_limit=1,
        logging_steps=max(1, len(batches) // LOGS),
        **trainer_arguments(settings, device),
    )
    trainer = ListTrainer(
        batches=ListBatches(batches, settings.batch),  # type: ignore[arg-type]
        model=model,
        args=arguments,
        train_dataset=dataset,
        loss=loss,
        callbacks=[StepProgress(progress)],
    )
    last = last_checkpoint(checkpoints)
    with silenced_libraries():
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    return Fitted(trainer.state.global_step, logged_losses(trainer.state))


def _batches(epochs: Sequence[Sequence[LabelledList]], settings: ListwiseSettings) -> list[list[int]]:
    """Row numbers of the data set, epoch after epoch."""
    batches: list[list[int]] = []
    first = 0
    for number, lists in enumerate(epochs):
        # The longest item decides how far a list's batch is padded.
        lengths = [len(entry.query) + max(map(len, entry.items)) for entry in lists]
        planned = length_batches(lengths, settings.batch, settings.seed + number, POOL)
        batches += [[first + i for i in batch] for batch in planned]
        first += len(lists)
    return batches


class TeacherLoss(Enum):
    """ListNet (Cao et al. 2007) with gains 2^grade - 1 as targets; NDCG-Loss2++ (Wang et al. 2018)."""

    LISTNET = "listnet"
    LAMBDA = "lambda"


class Objective(Protocol):
    """A loss over a query's list of items."""

    def build(self, model: CrossEncoder) -> nn.Module:
        """The loss of a model; all items of a batch go through it at once."""

    def label(self, grade: float) -> float:
        """The label of a grade."""


class ListNetObjective:
    """ListNet. The target is the softmax over labels: of log gains, each item's share of the list's gains."""

    def build(self, model: CrossEncoder) -> nn.Module:
        """The library's."""
        return ListNetLoss(model, mini_batch_size=-1)

    def label(self, grade: float) -> float:
        """The log of the gain."""
        gain = 2.0**grade - 1
        return math.log(gain) if gain > 0 else -math.inf


class LambdaObjective:
    """NDCG-Loss2++, which makes gains of grades itself."""

    def build(self, model: CrossEncoder) -> nn.Module:
        """The library's."""
        return LambdaLoss(model, mini_batch_size=-1)

    def label(self, grade: float) -> float:
        """The grade."""
        return float(grade)


_OBJECTIVES: dict[TeacherLoss, Objective] = {
    TeacherLoss.LISTNET: ListNetObjective(),
    TeacherLoss.LAMBDA: LambdaObjective(),
}


def objective(loss: TeacherLoss) -> Objective:
    """The loss and its labels."""
    return _OBJECTIVES[loss]
