"""Training of a cross-encoder on graded judgments and mined negatives (Nogueira and Cho 2019)."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors import SafetensorError
from sentence_transformers import CrossEncoder

from aisle.encoder.export.weights import find_weights
from aisle.errors import InputError
from aisle.training.common.machine import TrainingPrecision, best_device, seed_all, where
from aisle.training.common.progress import Progress, Silent
from aisle.training.common.run_folder import require_new, starting_point, unwritable
from aisle.training.cross_encoder.fit import Fitted, Objective, TeacherLoss, fit, objective
from aisle.training.cross_encoder.lists import LabelledList, ListwiseSettings, graded_lists
from aisle.training.cross_encoder.model import load_cross_encoder, new_cross_encoder, save
from aisle.training.data.negatives import Candidates, Scores
from aisle.training.data.training_set import TrainingSet


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherSettings(ListwiseSettings):
    """A teacher's training on a BERT backbone.

    Attributes:
        loss: over a query's list of items.

    Raises:
        InputError: a value that cannot be used; names it.
    """

    loss: TeacherLoss = TeacherLoss.LISTNET
    seed: int = 11


@dataclass(frozen=True, slots=True)
class TrainedCrossEncoder:
    """A teacher or a reranker on disk.

    Attributes:
        folder: as sentence-transformers' CrossEncoder saves it; ``aisle.encoder.export`` takes it.
        history: (step, mean loss since the last entry).
        lists: queries that were learned from, in an epoch.
        steps: of the optimizer.
        seconds: of all: lists, a teacher's scoring, training.
        ran_on: device and processor.
    """

    folder: Path
    history: tuple[tuple[int, float], ...]
    lists: int
    steps: int
    seconds: float
    ran_on: str

    @property
    def losses(self) -> tuple[float, ...]:
        """Mean loss of every tenth of the run, in order."""
        return tuple(loss for _, loss in self.history)


def train_teacher(
    training_set: TrainingSet,
    candidates: Candidates,
    settings: TeacherSettings,
    folder: Path,
    *,
    checkpoints: Path | None = None,
    progress: Progress | None = None,
) -> TrainedCrossEncoder:
    """Train and save a teacher; ``folder`` appears whole at the end or not at all.

    Args:
        training_set: pairs, grades and catalogue.
        candidates: to mine negatives from.
        settings: all that decides the outcome.
        folder: must not exist yet.
        checkpoints: folder to resume from, and to keep checkpoints in until the teacher is saved; None keeps
            none.
        progress: receives every step.

    Raises:
        InputError: ``folder`` exists, no such backbone, or data of one grade only.
        MissingExtra: the extra ``train`` is not installed.
    """
    require_new(folder)
    goal = objective(settings.loss)
    started = time.perf_counter()
    epochs = [
        [LabelledList(entry.query, entry.items, tuple(map(goal.label, entry.grades))) for entry in lists]
        for lists in (
            graded_lists(training_set, candidates, settings, epoch) for epoch in range(settings.epochs)
        )
    ]
    device = best_device()
    source = find_weights(starting_point(settings.base), settings.revision)
    # Before the model is made: its head begins at random.
    seed_all(settings.seed)
    model = new_cross_encoder(source.folder, settings.max_tokens, device)
    done = trained_and_saved(model, epochs, goal, settings, folder, checkpoints, device, progress or Silent())
    return TrainedCrossEncoder(
        folder, done.losses, len(epochs[0]), done.steps, time.perf_counter() - started, where(device)
    )


def trained_and_saved(
    model: CrossEncoder,
    epochs: Sequence[Sequence[LabelledList]],
    goal: Objective,
    settings: ListwiseSettings,
    folder: Path,
    checkpoints: Path | None,
    device: str,
    progress: Progress,
) -> Fitted:
    """Train a model in place and save it as ``folder``; its checkpoints go when that is done.

    Raises:
        InputError: the disk is full, or the folder cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".checkpoints-", dir=folder.parent) as nowhere:
            kept = checkpoints or Path(nowhere)
            done = fit(model, epochs, goal.build(model), settings, kept, device, progress)
    # safetensors has an error of its own for a disk that is full.
    except (OSError, SafetensorError) as error:
        raise unwritable(folder, error) from error
    save(model, folder)
    if checkpoints is not None:
        shutil.rmtree(checkpoints, ignore_errors=True)
    return done


CHUNK = 4096
BATCH = 64


def teacher_scores(
    folder: Path,
    queries: Mapping[str, str],
    items: Mapping[str, str],
    candidates: Candidates,
    precision: TrainingPrecision = TrainingPrecision.AUTO,
    progress: Progress | None = None,
) -> dict[str, dict[str, float]]:
    """Logits of every candidate: query id to item id to score, in the order of the candidates.

    Only differences within a query mean something: the listwise losses leave the level open.

    Args:
        folder: a teacher's, as ``train_teacher`` made it, or any cross-encoder with one output.
        queries: id to encoder text.
        items: id to encoder text.
        candidates: what to score; all their ids must be known.
        precision: bfloat16 where the hardware has it, unless told otherwise.
        progress: receives scored pairs as steps.

    Raises:
        InputError: an id without a text, or a folder that cannot be opened.
        MissingExtra: the extra ``train`` is not installed.
    """
    pairs = [(query, item) for query, ranked in candidates.items() for item in ranked]
    for known, ids, what in (
        (queries, {q for q, _ in pairs}, "query"),
        (items, {i for _, i in pairs}, "item"),
    ):
        missing = sorted(ids - known.keys())
        if missing:
            raise InputError(f"{what} '{missing[0]}' has no text", fix="score candidates of this catalogue")
    model = load_cross_encoder(folder, best_device(), precision)
    # Over all pairs, not within a chunk: hardly any padding is left.
    pairs.sort(key=lambda pair: len(queries[pair[0]]) + len(items[pair[1]]), reverse=True)
    scores = {query: dict.fromkeys(ranked, 0.0) for query, ranked in candidates.items()}
    for start in range(0, len(pairs), CHUNK):
        chunk = pairs[start : start + CHUNK]
        texts = [(queries[query], items[item]) for query, item in chunk]
        logits = model.predict(texts, batch_size=BATCH, show_progress_bar=False)
        for (query, item), logit in zip(chunk, logits, strict=True):
            scores[query][item] = float(logit)
        if progress is not None:
            progress.step(start + len(chunk), len(pairs), None)
    return scores


def relative_scores(scores: Scores) -> dict[str, dict[str, float]]:
    """exp(score - the query's best): 1 for the best, in (0, 1] for all.

    Ratios of it are ratios of the probabilities to come first that listwise losses train, which is what
    ``NegativeOptions.max_share`` compares.
    """
    best = {query: max(known.values(), default=0.0) for query, known in scores.items()}
    return {
        query: {item: math.exp(score - best[query]) for item, score in known.items()}
        for query, known in scores.items()
    }
