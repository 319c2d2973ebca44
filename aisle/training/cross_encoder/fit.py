"""The training loop: sentence-transformers' CrossEncoderTrainer, told of our batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from aisle._extras import optional
from aisle.training.common.progress import silenced_libraries
from aisle.training.common.settings import TrainingPrecision
from aisle.training.common.tokens import length_batches
from aisle.training.cross_encoder.lists import LabelledList

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder
    from torch import nn


class PlannedBatches:
    """Batches made beforehand, as a torch DataLoader takes them for its batch sampler."""

    def __init__(self, batches: Sequence[list[int]], size: int) -> None:
        self.batch_size = size
        self.drop_last = False
        self._batches = batches

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)


POOL = 32
"""Batches whose lists are sorted by length together."""

LOGS = 10
"""Times that the loss is reported in a run, at least."""


class FitSettings(Protocol):
    """AdamW with a linear schedule, see ``TeacherSettings``."""

    @property
    def learning_rate(self) -> float:
        """Its peak."""

    @property
    def weight_decay(self) -> float:
        """AdamW's."""

    @property
    def warmup(self) -> float:
        """Share of all steps."""

    @property
    def batch(self) -> int:
        """Lists of a step."""

    @property
    def precision(self) -> TrainingPrecision:
        """Of the arithmetic."""

    @property
    def seed(self) -> int:
        """Of everything that is drawn."""


def fit(
    model: CrossEncoder,
    epochs: Sequence[Sequence[LabelledList]],
    loss: nn.Module,
    settings: FitSettings,
    folder: Path,
    device: str,
    progress: Callable[[int, int, float | None], None],
) -> tuple[float, ...]:
    """Train ``model`` in place, on each epoch's own lists; the mean loss of every tenth of the run."""
    library = optional("sentence_transformers.cross_encoder", extra="train")
    lists = list(chain.from_iterable(epochs))
    batches = _batches(epochs, settings)
    dataset = optional("datasets", extra="train").Dataset.from_dict(
        {
            "query": [entry.query for entry in lists],
            "items": [list(entry.items) for entry in lists],
            "label": [list(entry.labels) for entry in lists],
        }
    )
    arguments = library.CrossEncoderTrainingArguments(
        output_dir=str(folder),
        # The epochs' lists follow one another in the data set: for the trainer it is one epoch.
        num_train_epochs=1,
        per_device_train_batch_size=settings.batch,
        batch_sampler=lambda *_, **__: PlannedBatches(batches, settings.batch),
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        warmup_steps=settings.warmup,
        bf16=settings.precision.on(device) is TrainingPrecision.BF16,
        use_cpu=device == "cpu",
        seed=settings.seed,
        save_strategy="no",
        logging_steps=max(1, len(batches) // LOGS),
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    trainer = library.CrossEncoderTrainer(
        model=model,
        args=arguments,
        train_dataset=dataset,
        loss=loss,
        callbacks=[_reporter(progress)],
    )
    # It would write every log to standard output.
    trainer.remove_callback(optional("transformers", extra="train").PrinterCallback)
    with silenced_libraries():
        trainer.train()
    return tuple(float(entry["loss"]) for entry in trainer.state.log_history if "loss" in entry)


def _batches(epochs: Sequence[Sequence[LabelledList]], settings: FitSettings) -> list[list[int]]:
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


def _reporter(progress: Callable[[int, int, float | None], None]) -> Any:
    class Reporter(optional("transformers", extra="train").TrainerCallback):  # type: ignore[misc]
        """Passes steps and losses on."""

        def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            progress(state.global_step, state.max_steps, None)

        def on_log(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            loss = state.log_history[-1].get("loss")
            if loss is not None:
                progress(state.global_step, state.max_steps, float(loss))

    return Reporter()


class TeacherLoss(Enum):
    """ListNet (Cao et al. 2007) with gains 2^grade - 1 as targets; NDCG-Loss2++ (Wang et al. 2018)."""

    LISTNET = "listnet"
    LAMBDA = "lambda"


@dataclass(frozen=True, slots=True)
class Objective:
    """A loss over a query's list of items.

    Attributes:
        build: the loss of a model; all items of a batch go through it at once.
        label: what the loss is told of a grade.
    """

    build: Callable[[CrossEncoder], nn.Module]
    label: Callable[[int], float]


def objective(loss: TeacherLoss) -> Objective:
    """The loss and its labels."""
    return _OBJECTIVES[loss]


def _listnet(model: CrossEncoder) -> nn.Module:
    from sentence_transformers.cross_encoder.losses import ListNetLoss

    return ListNetLoss(model, mini_batch_size=-1)


def _lambda(model: CrossEncoder) -> nn.Module:
    from sentence_transformers.cross_encoder.losses import LambdaLoss

    return LambdaLoss(model, mini_batch_size=-1)


def _log_gain(grade: int) -> float:
    return math.log(2.0**grade - 1) if grade > 0 else -math.inf


_OBJECTIVES = {
    # The target is the softmax over labels: of log gains, each item's share of the list's gains.
    TeacherLoss.LISTNET: Objective(_listnet, _log_gain),
    # The loss itself makes gains of grades.
    TeacherLoss.LAMBDA: Objective(_lambda, float),
}
