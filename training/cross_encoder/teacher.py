"""Training of a cross-encoder on graded judgments and mined negatives (Nogueira and Cho 2019)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from records.extras import optional
from training.cross_encoder.fit import fit
from training.cross_encoder.lists import LabelledList, graded_lists
from training.cross_encoder.losses import objective
from training.cross_encoder.model import new_cross_encoder
from training.cross_encoder.saving import RUN, appearing, require_new, save
from training.cross_encoder.settings import TeacherSettings
from training.dense.precision import best_device
from training.export.weights import find_weights
from training.negatives.candidates import Candidates
from training.pairs.training_set import TrainingSet

StepProgress = Callable[[int, int, float | None], None]
"""(steps done, steps in all, mean loss of late if known)."""


@dataclass(frozen=True, slots=True)
class TrainedTeacher:
    """A teacher on disk.

    Attributes:
        folder: as sentence-transformers' CrossEncoder saves it.
        losses: mean loss of every tenth of the run, in order.
        lists: queries that were learned from, in an epoch.
        seconds: of training alone; device: where.
    """

    folder: Path
    losses: tuple[float, ...]
    lists: int
    seconds: float
    device: str


def train_teacher(
    training_set: TrainingSet,
    candidates: Candidates,
    settings: TeacherSettings,
    folder: Path,
    progress: StepProgress = lambda *_: None,
) -> TrainedTeacher:
    """Train and save a teacher; ``folder`` appears whole at the end or not at all.

    Args:
        training_set: pairs, grades and catalogue.
        candidates: to mine negatives from.
        settings: all that decides the outcome.
        folder: must not exist yet.
        progress: is told of every logged step.

    Raises:
        InputError: ``folder`` exists, no such backbone, or data of one grade only.
        MissingExtra: the extra ``train`` is not installed.
    """
    require_new(folder)
    goal = objective(settings.loss)
    epochs = [
        [LabelledList(entry.query, entry.items, tuple(map(goal.label, entry.grades))) for entry in lists]
        for lists in (
            graded_lists(training_set, candidates, settings, epoch) for epoch in range(settings.epochs)
        )
    ]
    transformers = optional("transformers", extra="train")
    device = best_device()
    source = find_weights(settings.base, settings.revision)
    # Before the model is made: its head begins at random.
    transformers.set_seed(settings.seed)
    model = new_cross_encoder(source.folder, settings.max_tokens, device)
    started = time.perf_counter()
    with appearing(folder) as staged:
        losses = fit(model, epochs, goal.build(model), settings, staged / RUN, device, progress)
        seconds = time.perf_counter() - started
        save(model, staged)
    return TrainedTeacher(folder, losses, len(epochs[0]), seconds, device)
