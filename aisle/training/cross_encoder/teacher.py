"""Training of a cross-encoder on graded judgments and mined negatives (Nogueira and Cho 2019)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aisle._extras import optional
from aisle.encoder.export.weights import find_weights
from aisle.errors import InputError
from aisle.training.common.settings import TrainingPrecision, best_device, require_valid
from aisle.training.cross_encoder.fit import TeacherLoss, fit, objective
from aisle.training.cross_encoder.lists import LabelledList, graded_lists
from aisle.training.cross_encoder.model import (
    RUN,
    folder_in_one_step,
    load_cross_encoder,
    new_cross_encoder,
    require_new,
    save,
)
from aisle.training.data.negatives import Candidates, Scores
from aisle.training.data.training_set import TrainingSet


@dataclass(frozen=True, slots=True)
class TeacherSettings:
    """A teacher's training.

    Attributes:
        base, revision: the BERT backbone, see ``aisle.encoder.export.weights.find_weights``.
        loss: over a query's list of items.
        epochs: times that every query is seen, each time with other mined negatives.
        learning_rate: its peak, after the warmup; it falls linearly to 0. weight_decay: AdamW's.
        warmup: share of all steps.
        list_size: most items of a query's list.
        mined: items of a list that are mined and count as grade 0, at least; judged items fill the rest, and
            what they leave is mined too.
        skip, depth: ranks of the candidates to mine from, see ``NegativeOptions``.
        batch: lists of an optimizer step.
        max_tokens: longest query and item together, in tokens.
        precision: of the arithmetic; seed: of everything that is drawn.

    Raises:
        InputError: a value that cannot be used.
    """

    base: str = "all-MiniLM-L6-v2"
    revision: str | None = None
    loss: TeacherLoss = TeacherLoss.LISTNET
    epochs: int = 2
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    warmup: float = 0.1
    list_size: int = 12
    mined: int = 4
    skip: int = 0
    depth: int = 30
    batch: int = 12
    max_tokens: int = 96
    precision: TrainingPrecision = TrainingPrecision.AUTO
    seed: int = 11

    def __post_init__(self) -> None:
        rules = (
            ("epochs", self.epochs >= 1, "1 or more"),
            ("learning_rate", self.learning_rate > 0, "more than 0"),
            ("weight_decay", self.weight_decay >= 0, "0 or more"),
            ("warmup", 0 <= self.warmup < 1, "0 to less than 1"),
            ("list_size", self.list_size >= 2, "2 or more"),
            ("mined", 0 <= self.mined < self.list_size, "0 to less than list_size"),
            ("batch", self.batch >= 1, "1 or more"),
            ("max_tokens", self.max_tokens >= 5, "5 or more"),
        )
        require_valid(self, rules, "trained")


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
    with folder_in_one_step(folder) as staged:
        losses = fit(model, epochs, goal.build(model), settings, staged / RUN, device, progress)
        seconds = time.perf_counter() - started
        save(model, staged)
    return TrainedTeacher(folder, losses, len(epochs[0]), seconds, device)


CHUNK = 4096
BATCH = 64


def teacher_scores(
    folder: Path,
    queries: Mapping[str, str],
    items: Mapping[str, str],
    candidates: Candidates,
    precision: TrainingPrecision = TrainingPrecision.AUTO,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> dict[str, dict[str, float]]:
    """Logits of every candidate: query id to item id to score, in the order of the candidates.

    Only differences within a query mean something: the listwise losses leave the level open.

    Args:
        folder: a teacher's, as ``train_teacher`` made it, or any cross-encoder with one output.
        queries: id to encoder text.
        items: id to encoder text.
        candidates: what to score; all their ids must be known.
        precision: bfloat16 where the hardware has it, unless told otherwise.
        progress: told (pairs done, pairs in all).

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
        progress(start + len(chunk), len(pairs))
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
